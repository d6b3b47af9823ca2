/** What a command prints on stdout: text for people, or JSON for programs. Never both. */

/** One JSON value on one line. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

/** Text for people, with a line end. */
export function printText(text: string): void {
  process.stdout.write(`${text}\n`);
}
