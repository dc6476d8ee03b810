/** Lets operations pass, and holds them back while what they work on is exchanged. */
export class Gate {
  #inside = 0;
  #shut: Promise<void> | undefined;
  #emptied: (() => void) | undefined;

  async pass<T>(act: () => Promise<T>): Promise<T> {
    while (this.#shut !== undefined) await this.#shut;
    this.#inside++;
    try {
      return await act();
    } finally {
      this.#inside--;
      if (this.#inside === 0) this.#emptied?.();
    }
  }

  /** Does it while nobody is inside; those who come meanwhile pass afterwards. One at a time. */
  async exchange<T>(act: () => Promise<T>): Promise<T> {
    while (this.#shut !== undefined) await this.#shut;
    let open: () => void = () => {};
    this.#shut = new Promise((resolve) => {
      open = resolve;
    });
    try {
      if (this.#inside > 0) {
        await new Promise<void>((resolve) => {
          this.#emptied = resolve;
        });
        this.#emptied = undefined;
      }
      return await act();
    } finally {
      this.#shut = undefined;
      open();
    }
  }
}
