// Keeps the thread on screen current: what the server rendered anew replaces what is shown, while nothing is typed.
setInterval(async () => {
  const answer = await fetch(location.href);
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const shown = document.getElementById("live");
  const fresh = page.getElementById("live");
  const open = [...shown.querySelectorAll("details")].map((fold) => fold.open);
  if (shown.dataset.was === fresh.innerHTML) return;
  shown.dataset.was = fresh.innerHTML;
  shown.innerHTML = fresh.innerHTML;
  [...shown.querySelectorAll("details")].forEach((fold, at) => { fold.open = open[at] ?? fold.open; });
}, 2000);
