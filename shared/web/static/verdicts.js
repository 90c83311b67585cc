// Keeps an organisation's verdicts as they are now: the page is read anew, in place, when the stream says that one has changed.
"use strict";
(() => {
  const live = document.getElementById("live");
  if (!live || !window.EventSource) return;
  const label = live.querySelector("span");

  const renew = async () => {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (answer.redirected) { location.reload(); return; }  // signed out meanwhile
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    const links = () => [...document.querySelectorAll("tbody a")];
    const focused = links().indexOf(document.activeElement);
    for (const selector of [".lead", ".tiles", "tbody"]) {
      const [old, now] = [document.querySelector(selector), fresh.querySelector(selector)];
      if (old && now) old.replaceChildren(...now.childNodes);
    }
    if (focused >= 0 && links()[focused]) links()[focused].focus();
  };

  const source = new EventSource("/v1/stream");
  source.onopen = () => { live.classList.add("on"); label.textContent = live.dataset.on; };
  source.onerror = () => { live.classList.remove("on"); label.textContent = live.dataset.off; };
  // What changed between the page and its stream, or was missed, is in what is read anew.
  source.addEventListener("start", renew);
  source.addEventListener("reset", renew);
  source.addEventListener("verdicts", (event) => {
    if (JSON.parse(event.data).items.some((each) => each.org_id === live.dataset.org)) renew();
  });
})();
