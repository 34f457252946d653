// Slides: one at a time, moved by a range input. Without this script they stand one below the other.
for (const box of document.querySelectorAll(".slides")) {
  const slides = [...box.querySelectorAll(":scope > ol > li")];
  if (slides.length < 2) continue;
  const caption = box.querySelector("figcaption");
  const make = (name, properties) => Object.assign(document.createElement(name), properties);
  const bar = make("div", { className: "bar" });
  const back = make("button", { type: "button", textContent: "◀", title: "Previous" });
  const next = make("button", { type: "button", textContent: "▶", title: "Next" });
  back.setAttribute("aria-label", "Previous");
  next.setAttribute("aria-label", "Next");
  const range = make("input", { type: "range", min: 1, max: slides.length, step: 1, value: 1 });
  range.setAttribute("aria-labelledby", caption.id);
  const where = make("output", { className: "where" });
  // A range input says its value itself; the buttons need the line below them to be read out.
  const show = (n, aloud) => {
    where.setAttribute("aria-live", aloud ? "polite" : "off");
    range.value = n;
    const at = Number(range.value) - 1;
    slides.forEach((slide, i) => slide.classList.toggle("away", i !== at));
    const label = slides[at].querySelector(".label").textContent;
    where.textContent = `${at + 1} of ${slides.length}: ${label}`;
    range.setAttribute("aria-valuetext", where.textContent);
    back.setAttribute("aria-disabled", at === 0);
    next.setAttribute("aria-disabled", at === slides.length - 1);
  };
  back.addEventListener("click", () => show(Number(range.value) - 1, true));
  next.addEventListener("click", () => show(Number(range.value) + 1, true));
  range.addEventListener("input", () => show(range.value, false));
  bar.append(back, range, next, where);
  caption.after(bar);
  box.classList.add("moving");
  show(1, false);
}
