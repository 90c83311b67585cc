// Keeps an application's page as the application stands: a message says that it changed, the page is the server's to write.
"use strict";
(() => {
  const live = document.getElementById("live");
  if (!live || !window.EventSource) return;
  const label = live.querySelector("span");
  const spoken = document.getElementById("spoken");
  let version = Number(live.dataset.version);

  const refresh = async () => {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    const [old, now] = [document.getElementById("application"), fresh.getElementById("application")];
    if (!old || !now) return;
    old.replaceChildren(...now.childNodes);
    document.title = fresh.title;
    spoken.textContent = old.querySelector("h1").textContent;
  };

  const source = new EventSource(live.dataset.stream);
  source.onopen = () => { live.classList.add("on"); label.textContent = live.dataset.on; };
  source.onerror = () => { live.classList.remove("on"); label.textContent = live.dataset.off; };
  source.addEventListener("application", (event) => {
    const told = JSON.parse(event.data).version;
    if (told === version) return;
    version = told;
    refresh();
  });
})();
