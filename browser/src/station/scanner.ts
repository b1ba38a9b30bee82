/** A hand scanner types what it reads as a keyboard does, with Enter at the end. */

const SLOWEST_MS = 1_000;

/**
 * Tell of texts that begin as asked and were typed without a pause.
 * @returns stops listening
 */
export function onScanned(begins: string, told: (text: string) => void): () => void {
  let text = "";
  let last = 0;
  const heard = (event: KeyboardEvent): void => {
    if (event.timeStamp - last > SLOWEST_MS) text = "";
    last = event.timeStamp;
    if (event.key === "Enter" && text.startsWith(begins)) {
      event.preventDefault();
      const whole = text;
      text = "";
      told(whole);
    } else if (event.key.length === 1) {
      text += event.key;
    }
  };
  addEventListener("keydown", heard, { capture: true });
  return () => removeEventListener("keydown", heard, { capture: true });
}
