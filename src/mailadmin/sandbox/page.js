"use strict";
// Says that something has arrived, and leaves it to the reader when to look.
const news = document.getElementById("news");
if (news) {
  const known = Number(news.dataset.changes);
  const ask = async () => {
    try {
      const { changes } = await (await fetch("/changes")).json();
      if (changes !== known) {
        news.hidden = false;
        return;
      }
    } catch {
      // The sandbox has ended, or will answer next time.
    }
    setTimeout(ask, 1500);
  };
  setTimeout(ask, 1500);
}
