/** Answers by their address, as long as the database stays as it is: several tabs, or one that comes back, ask once. */
export class Memo {
  private readonly answers = new Map<string, string>();
  private version: number | null = null;

  /** `limit` is how many answers are kept: filters make ever new addresses. */
  constructor(private readonly limit: number) {}

  /** The answer made for this address and version of the database, or made now. */
  get(version: number, address: string, make: () => string): string {
    if (version !== this.version || this.answers.size >= this.limit) this.answers.clear();
    this.version = version;
    const known = this.answers.get(address);
    if (known !== undefined) return known;
    const answer = make();
    this.answers.set(address, answer);
    return answer;
  }
}
