/** Where somebody is on a page of several steps, so that the browser's "back" goes one step back and not away. */

export class Steps<Name extends string> {
  readonly #names: readonly [Name, ...Name[]];
  readonly #arrived: (name: Name) => void;
  #now = 0;
  #isOver = false;
  /** While something is on its way, "back" waits. */
  isBusy = false;

  /** @param arrived shows a step; also called where the browser's buttons lead to one */
  constructor(names: readonly [Name, ...Name[]], arrived: (name: Name) => void) {
    this.#names = names;
    this.#arrived = arrived;
    addEventListener("popstate", () => this.#popped());
  }

  get now(): Name {
    return this.#names[this.#now] ?? this.#names[0];
  }

  /** Show a step. However many there are, the history has one entry beyond the page's own. */
  go(name: Name): void {
    this.#now = this.#names.indexOf(name);
    if (this.#now > 0) ahead();
    this.#arrived(name);
  }

  /** Take the used link out of the address and the history. */
  leave(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const clean = (): void => history.replaceState(null, "", location.pathname);
    if (!isAhead()) return clean();
    const cleaned = (): void => {
      clean();
      history.pushState(null, "", location.pathname); // what was ahead had the link in it, too
    };
    addEventListener("popstate", cleaned, { once: true });
    history.back();
  }

  #popped(): void {
    if (this.#isOver || isAhead() || this.#now === 0) return;
    if (this.isBusy) return ahead();
    this.go(this.#names[this.#now - 1] ?? this.#names[0]);
  }
}

const isAhead = (): boolean => history.state?.isStep === true;

const ahead = (): void => {
  if (!isAhead()) history.pushState({ isStep: true }, "");
};
