/** A value as JSON of a bounded size, whatever it is: what is too deep, too long or too much is cut, and says so. */

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

const BOUNDS = {
  depth: 6,
  /** Of a list or an object; what is left out is told. */
  items: 40,
  /** Of one text, keys included. */
  characters: 400,
  /** Values in all. */
  values: 300,
};

/** A copy of `value` within the bounds. It never throws. */
export function bounded(value: unknown): Json {
  return new Copy().of(value, 0);
}

/** The same for an object whose fields are then asked for by name. */
export function boundedFields(value: object): JsonObject {
  return new Copy().fields(value);
}

/** A text within the bounds. */
export function shortText(text: string): string {
  const { characters } = BOUNDS;
  return text.length <= characters ? text : `${text.slice(0, characters)}… (${text.length} characters)`;
}

class Copy {
  private valuesLeft = BOUNDS.values;

  of(value: unknown, depth: number): Json {
    this.valuesLeft--;
    switch (typeof value) {
      case 'string':
        return shortText(value);
      case 'number':
        return Number.isFinite(value) ? value : String(value);
      case 'boolean':
        return value;
      case 'bigint':
        return shortText(String(value));
      case 'object':
        if (value === null) return null;
        return depth >= BOUNDS.depth || this.valuesLeft <= 0 ? '…' : this.whole(value, depth);
      case 'undefined':
        return null;
      case 'function':
      case 'symbol':
        return `(${typeof value})`;
    }
  }

  fields(value: object): JsonObject {
    try {
      return this.record(value, 0);
    } catch {
      return {}; // as below
    }
  }

  private whole(value: object, depth: number): Json {
    try {
      if (ArrayBuffer.isView(value)) return `(${value.byteLength} bytes)`;
      if (value instanceof Error) return { name: shortText(value.name), message: shortText(value.message) };
      if (value instanceof Date) return String(value);
      return Array.isArray(value) ? this.list(value, depth) : this.record(value, depth);
    } catch {
      return '(can not be read)'; // a getter or a proxy that throws: there is nothing to show
    }
  }

  private list(value: readonly unknown[], depth: number): Json {
    const copied: Json[] = [];
    for (let i = 0; i < value.length; i++) {
      if (i >= BOUNDS.items || this.valuesLeft <= 0) return [...copied, `… ${value.length - i} more`];
      copied.push(this.of(value[i], depth + 1));
    }
    return copied;
  }

  private record(value: object, depth: number): JsonObject {
    const copied: [string, Json][] = [];
    for (const key in value) {
      if (!Object.hasOwn(value, key)) continue;
      if (copied.length >= BOUNDS.items || this.valuesLeft <= 0) {
        copied.push(['…', 'and more']);
        break;
      }
      copied.push([shortText(key), this.of(Reflect.get(value, key), depth + 1)]);
    }
    return Object.fromEntries(copied); // defines keys such as __proto__ too
  }
}
