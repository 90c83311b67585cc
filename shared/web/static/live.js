// Keeps the figures of a page as they are now: each message of the stream carries the new state of the changed services.
"use strict";
(() => {
  const status = document.getElementById("live");
  if (!status || !window.EventSource) return;
  const label = status.querySelector("span");
  const rows = new Map([...document.querySelectorAll("tr[data-key]")].map((row) => [row.dataset.key, row]));
  const shown = status.dataset.window === "28d";
  const locale = status.dataset.language === "fr" ? "fr-CA" : "en-CA";
  const number = new Intl.NumberFormat(locale);
  const percent = new Intl.NumberFormat(locale, { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 });
  const moment = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "medium", timeZone: "America/Toronto" });
  let reading = null;

  const write = (row, field, text) => {
    const cell = row.querySelector(`[data-field="${field}"]`);
    const target = field === "share" ? cell && cell.querySelector("b") : cell;
    if (target && target.textContent !== text) { target.textContent = text; return true; }
    return false;
  };

  const show = (item) => {
    const row = rows.get(`${item.service_id}|${item.standard_id}|${item.channel || ""}`);
    if (!row) return;
    const changed = [
      write(row, "share", item.share === null ? "–" : percent.format(item.share)),
      write(row, "total", item.total === null ? "–" : number.format(item.total)),
      write(row, "open", item.open === null ? "–" : number.format(item.open)),
      write(row, "open_late", item.open_late === null ? "–" : number.format(item.open_late)),
    ].some(Boolean);
    const bar = row.querySelector(".meter .met");
    if (bar && item.share !== null) bar.setAttribute("width", Math.min(100, item.share * 100));
    if (changed) { row.classList.remove("changed"); void row.offsetWidth; row.classList.add("changed"); }
  };

  // Tiles, verdicts and order are the server's to write: read the page anew now and then, in place.
  const refresh = async () => {
    reading = null;
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const selector of [".tiles", "#as-of"]) {
      const [old, now] = [document.querySelector(selector), fresh.querySelector(selector)];
      if (old && now) old.replaceChildren(...now.childNodes);
    }
    for (const now of fresh.querySelectorAll("tr[data-key]")) {
      const old = rows.get(now.dataset.key);
      if (!old) continue;
      for (const field of shown ? ["verdict"] : ["share", "verdict", "total", "open", "open_late"]) {
        const [before, after] = [old, now].map((row) => row.querySelector(`[data-field="${field}"]`));
        if (before && after) before.replaceChildren(...after.childNodes);
      }
    }
  };

  const source = new EventSource(`/v1/stream?last_event_id=${status.dataset.position}`);
  source.onopen = () => { status.classList.add("on"); label.textContent = status.dataset.on; };
  source.onerror = () => { status.classList.remove("on"); label.textContent = status.dataset.off; };
  source.addEventListener("reset", () => location.reload());
  source.addEventListener("performance", (event) => {
    const message = JSON.parse(event.data);
    if (shown) message.items.forEach(show);
    if (message.as_of) document.getElementById("as-of").textContent = moment.format(new Date(message.as_of));
    if (reading === null) reading = setTimeout(refresh, 5000);
  });
})();
