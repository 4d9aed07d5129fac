// What the crowd elements need beside the HTML controls inside them: small web components, each of which may be missing.

customElements.define("crowd-slider", class extends HTMLElement {
  connectedCallback() {
    const [input, output] = [this.querySelector("input"), this.querySelector("output")];
    const show = () => { if (input && output) output.value = input.value; };
    this.addEventListener("input", show);
    show();
  }
});

customElements.define("crowd-text-area", class extends HTMLElement {
  connectedCallback() {
    const area = this.querySelector("textarea");
    if (!area || !this.hasAttribute("char-counter")) return;
    const counter = document.createElement("small");
    counter.className = "counter";
    this.append(counter);
    const count = () => { counter.textContent = `${area.value.length}${area.maxLength > 0 ? ` of ${area.maxLength}` : ""} characters`; };
    this.addEventListener("input", count);
    count();
  }
});

customElements.define("crowd-alert", class extends HTMLElement {
  connectedCallback() {
    if (!this.hasAttribute("dismissible") || this.querySelector(".dismiss")) return;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "dismiss quiet";
    button.textContent = "Dismiss";
    button.addEventListener("click", () => this.remove());
    this.append(button);
  }
});

// The category that excludes the others, and is excluded by them.
customElements.define("crowd-classifier-multi-select", class extends HTMLElement {
  connectedCallback() {
    this.addEventListener("change", ({ target }) => {
      if (!this.hasAttribute("exclusion-category") || !target.checked) return;
      const boxes = [...this.querySelectorAll("input[type=checkbox]")];
      const alone = boxes.at(-1);
      for (const box of boxes) if ((target === alone) !== (box === alone)) box.checked = false;
    });
  }
});
