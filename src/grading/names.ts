import type { FunctionName } from './expression.js';

/** Functions by the name that TeX (after a backslash) and plain text give them. */
export const FUNCTIONS: ReadonlyMap<string, FunctionName> = new Map<string, FunctionName>([
  ...(['sin', 'cos', 'tan', 'cot', 'sec', 'csc', 'arcsin', 'arccos', 'arctan', 'sinh', 'cosh', 'tanh'] as const).map(
    (name) => [name, name] as const,
  ),
  ...(['ln', 'log', 'exp', 'abs', 'floor', 'ceil'] as const).map((name) => [name, name] as const),
  ['lg', 'log'],
  ['cis', 'cis'],
]);

/** What the power -1 of a function means: sin^{-1} is arcsin. */
export const INVERSES: ReadonlyMap<FunctionName, FunctionName> = new Map<FunctionName, FunctionName>([
  ['sin', 'arcsin'],
  ['cos', 'arccos'],
  ['tan', 'arctan'],
]);

/** Commands that are letters: variables. */
export const SYMBOLS = new Set(
  (
    'alpha beta gamma delta epsilon varepsilon zeta eta theta iota kappa lambda mu nu xi rho sigma tau phi varphi chi ' +
    'psi omega Gamma Delta Theta Lambda Xi Sigma Phi Psi Omega ell hbar'
  ).split(' '),
);

/** Commands that end a product. */
export const NO_FACTORS = new Set(['over', 'choose', 'pm', 'mp', 'rfloor', 'rceil']);
