/** The choice of a language in the footer is a link. What follows `#` is not in it, and a one-time link is lost without. */

for (const link of document.querySelectorAll<HTMLAnchorElement>(".languages a")) {
  link.addEventListener("click", () => {
    link.hash = location.hash;
  });
}
export {};
