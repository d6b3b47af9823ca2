/** What rzero uses of @huggingface/jinja, whose own types have the fault that huggingface-tokenizers.d.ts tells. */
declare module '@huggingface/jinja' {
  /** A parsed template. */
  export interface Program {
    readonly type: 'Program';
  }
  export function tokenize(
    template: string,
    options: { readonly lstrip_blocks: boolean; readonly trim_blocks: boolean },
  ): readonly unknown[];
  export function parse(tokens: readonly unknown[]): Program;
  export class Environment {
    /** Declares a variable. @throws Error for one that is declared. */
    set(name: string, value: unknown): void;
  }
  export class Interpreter {
    constructor(global: Environment);
    run(program: Program): { readonly value: unknown };
  }
}
