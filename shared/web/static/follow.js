// Keeps an application's page as the application stands: a message says that it changed, the page is the server's to write.
"use strict";
(() => {
  const live = document.getElementById("live");
  if (!live || !window.EventSource) return;
  const label = live.querySelector("span");
  const spoken = document.getElementById("spoken");
  const [PATIENCE, LONGEST] = [5_000, 60_000];
  // The version that the page shows, and the newest that there is known to be: what is shown never goes back.
  let shown = Number(live.dataset.version), newest = shown;
  let lastId = "", connected = false, lost = null, reading = false, failures = 0, stale = false, heading = null;

  const pause = (tries) => new Promise((go) => { setTimeout(go, Math.min(LONGEST, 1_000 * 2 ** tries) * (0.5 + Math.random() / 2)); });

  // How the page stands, for who sees and, where it goes wrong or right again, for who listens.
  const tell = () => {
    const before = stale;
    stale = failures > 0 || lost === true;
    live.classList.toggle("on", connected && !stale);
    label.textContent = stale ? live.dataset.stale : connected ? live.dataset.on : live.dataset.off;
    if (stale !== before) spoken.textContent = stale ? live.dataset.stale : live.dataset.again;
  };

  // What has changed, after whatever else there was to say.
  const say = () => {
    if (heading) spoken.textContent = heading;
    heading = null;
  };

  const read = async () => {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" }, cache: "no-store" });
    // It may not be read here any more: what there is to see instead, the server says.
    if (answer.redirected || [401, 403, 404].includes(answer.status)) { location.reload(); return; }
    if (!answer.ok) throw new Error(String(answer.status));
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    const now = fresh.getElementById("application");
    if (!now) throw new Error("no application");
    const version = Number(fresh.getElementById("live").dataset.version);
    if (version <= shown) return;
    shown = version;
    const places = () => [...document.querySelectorAll("#application a, #application [tabindex]")];
    const focused = places().indexOf(document.activeElement);
    document.getElementById("application").replaceChildren(...now.childNodes);
    if (focused >= 0 && places()[focused]) places()[focused].focus();
    document.title = fresh.title;
    heading = document.querySelector("h1").textContent;
  };

  const renew = async () => {
    if (reading) return;
    reading = true;
    while (shown < newest) {
      try {
        await read();
        failures = shown < newest ? failures + 1 : 0;
      } catch {
        failures += 1;
      }
      tell();
      say();
      if (failures) await pause(failures - 1);
    }
    reading = false;
  };

  const open = (closed) => {
    const address = new URL(live.dataset.stream, location.href);
    if (lastId) address.searchParams.set("last_event_id", lastId);
    const source = new EventSource(address);
    source.onopen = () => { clearTimeout(lost); lost = null; closed = 0; connected = true; tell(); };
    source.onerror = async () => {
      connected = false;
      if (lost === null) lost = setTimeout(() => { lost = true; tell(); }, PATIENCE);
      tell();
      if (source.readyState !== EventSource.CLOSED) return;  // the browser comes again by itself
      await pause(closed);
      await read().catch(() => {});
      say();
      open(closed + 1);
    };
    source.addEventListener("application", (event) => {
      lastId = event.lastEventId;
      newest = Math.max(newest, JSON.parse(event.data).version);
      renew();
    });
  };
  open(0);
})();
