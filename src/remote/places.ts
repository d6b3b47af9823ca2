/** A number of places, each for one piece of work at a time; what finds none free waits in line. */
export class Places {
  private free: number;
  private readonly line: (() => void)[] = [];

  constructor(count: number) {
    this.free = count;
  }

  /** What `work` gives, begun when a place is free. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.free > 0) this.free--;
    else await new Promise<void>((resolve) => this.line.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.line.shift(); // which takes this place over
      if (next === undefined) this.free++;
      else next();
    }
  }
}
