/** Float buffers by name that only grow: each generation works in the memory of the one before. */
export class Arena {
  private readonly buffers = new Map<string, Float32Array>();

  /** A buffer of at least `size` elements; what it held stays at its front. */
  get(name: string, size: number): Float32Array {
    const known = this.buffers.get(name);
    if (known !== undefined && known.length >= size) return known;
    const grown = new Float32Array(size);
    if (known !== undefined) grown.set(known);
    this.buffers.set(name, grown);
    return grown;
  }
}
