/** Γ(x) for real x, to about 14 digits; NaN at its poles. Lanczos' approximation with g = 7 and nine terms, and the
 *  reflection formula below ½ (Press et al., Numerical Recipes, section 6.1). */
export function gamma(x: number): number {
  if (x < 0.5) return Number.isInteger(x) ? Number.NaN : Math.PI / (Math.sin(Math.PI * x) * gamma(1 - x));
  const t = x + 6.5;
  const sum = COEFFICIENTS.reduce((total, coefficient, index) => total + coefficient / (x + index), CONSTANT);
  return Math.sqrt(2 * Math.PI) * t ** (x - 0.5) * Math.exp(-t) * sum;
}

const CONSTANT = 0.9999999999998099;
const COEFFICIENTS = [
  676.5203681218851, -1259.1392167224028, 771.3234287776531, -176.6150291621406, 12.507343278686905,
  -0.13857109526572012, 9.984369578019572e-6, 1.5056327351493116e-7,
];
