/**
 * Script of pages with commands: gives each a button that copies it. Without scripts, or where the
 * browser has no clipboard for pages, there are none.
 */
export const COPY_SCRIPT = `
(() => {
  if (!navigator.clipboard) return;
  for (const box of document.querySelectorAll(".command")) {
    const { copy, copied } = box.dataset;
    const button = document.createElement("button");
    const said = document.createElement("span");
    let timer;
    said.className = "unseen";
    said.setAttribute("role", "status");
    button.textContent = copy;
    button.setAttribute("aria-label", copy + ": " + box.textContent);
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(box.querySelector("code").textContent);
      button.textContent = said.textContent = copied;
      clearTimeout(timer);
      timer = setTimeout(() => {
        button.textContent = copy;
        said.textContent = "";
      }, 2000);
    });
    box.append(button, said);
  }
})();
`;
