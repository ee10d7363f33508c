// Building the page. Texts go in as texts, never as markup.

/** An element: `el("a", { href: "#x", class: "y", onclick: f }, "text", child)`. */
export function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return element;
}

/** Puts children in the place of those that are there. */
export function fill(element, ...children) {
  element.replaceChildren(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return element;
}

/** Words with `code`, **strong** and *soft* in them. */
export function words(text) {
  const pieces = text.split(/(\*\*[^*]+\*\*|`[^`]+`|\*[^*]+\*)/);
  return pieces.map((piece) => {
    if (piece.startsWith("**")) return el("strong", {}, words(piece.slice(2, -2)));
    if (piece.startsWith("`")) return el("code", {}, piece.slice(1, -1));
    if (piece.startsWith("*") && piece.length > 2) return el("em", {}, words(piece.slice(1, -1)));
    return piece;
  });
}

/** Paragraphs of words. */
export function paragraphs(text) {
  return text.split(/\n\n+/).map((each) => el("p", {}, words(each)));
}

/** A button that copies what `text` gives when it is pressed. */
export function copying(text, what) {
  const button = el("button", { type: "button", class: "quiet", "aria-label": `Copy ${what}` }, "Copy");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text());
      button.textContent = "Copied";
    } catch {
      button.textContent = "Not allowed";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
  return button;
}

/** Buttons of which one is pressed. `choose` is told which. */
export function choices(label, names, chosen, choose) {
  const group = el("div", { class: "choices", role: "group", "aria-label": label });
  const show = (name) => {
    for (const button of group.children) {
      button.setAttribute("aria-pressed", String(button.dataset.name === name));
    }
  };
  for (const [name, shown] of names) {
    const button = el("button", { type: "button", "data-name": name }, shown);
    button.addEventListener("click", () => { show(name); choose(name); });
    group.append(button);
  }
  show(chosen);
  return group;
}
