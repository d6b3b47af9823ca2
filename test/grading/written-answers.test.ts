import assert from 'node:assert/strict';
import { test } from 'node:test';
import { equivalent } from '../../src/grading/equivalence.js';

/** How answers are written, and what must not be taken for the same: pairs on one line each, `gold | answer`. */
interface Writing {
  readonly name: string;
  readonly equal: string;
  readonly different: string;
}

const writings: readonly Writing[] = [
  {
    name: 'options of multiple-choice questions',
    equal: String.raw`
      B | (B)
      B | \text{B}
      B | B. 12 cm
      (B) | B)
      B | [B]
      B | Option B
      C | \textbf{(C)}\ 12
      C | (C) 12
      12 | (C) 12
      B | **B**
      B | Answer: B
      B | The answer is (B).
      B | \boxed{\text{(B) }12}
      J | (J)
      A, C | C and A`,
    different: `
      B | (C) B
      A | B. A
      B | 12 cm
      B | B+1
      A | A cat
      A | A, C
      B | b`,
  },
  {
    name: 'integers, decimals, fractions and mixed numbers',
    equal: String.raw`
      1.5 | 1\tfrac12
      1\ 1/2 | 3/2
      1½ | 3/2
      ⅝ | 0.625
      12345 | 12 345
      1 234 567 | 1234567
      1'234 | 1234
      1\,000\,000 | 10^6
      11,111,111,100 | 11,\! 111,\! 111,\! 100
      1,000,000 | 1 million
      \$2.5 million | 2500000
      10,000.50 | 10000.5
      0.\overline{3} | 1/3
      0.1\overline{6} | 1/6
      0.\dot{3} | 1/3
      0.(3) | 1/3
      0.333... | 1/3
      2.\overline{142857} | 15/7
      0.1666\ldots | \frac16
      1.2E3 | 1200
      1.2 x 10^3 | 1200
      1.2×10³ | 1200
      10⁻³ | 0.001
      five | 5
      twenty-five | 25
      5 | 5th
      21^{\text{st}} | 21st`,
    different: String.raw`
      1,234 | 1.234
      1 2 | 12
      0.\overline{3} | 0.3
      0.3 | 0.333...
      0.12... | 0.12
      six | sixty
      1st | 2nd`,
  },
  {
    name: 'percent, currency, units and degrees',
    equal: String.raw`
      25\% | 25 \%
      28\% | 28 pct
      28\% | $28$ percent
      12.5\% | \frac{1}{8}
      12.5\% | 12\frac12\%
      \$18.90 | 18.90 dollars
      5 | USD 5
      5 | ₹5
      -\$5 | \$-5
      \$0.75 | 75 cents
      75¢ | 75
      \$15 | \$15 per hour
      9.8 m/s^2 | 9.8
      9.8\ \text{m}/\text{s}^2 | 9.8\,\mathrm{m/s^2}
      5\ \mathrm{kg\cdot m/s} | 5 kg m s^{-1}
      4.5e33 | 4.5e33 erg/s
      20 sq. units | 20 square units
      20 units² | 20 square units
      12\sqrt{3}\text{ in}^2 | 12\sqrt3
      5 \mathrm{~cm} | 5\textnormal{ cm}
      $125$ miles | 125
      1 hour | 60 minutes
      2.5 \text{ m} | 250 cm
      1\text{ km}^2 | 1000000\text{ m}^2
      5 \text{ students} | 5
      20^\circ\text{C} | 20°C
      30^\circ | \frac{\pi}{6}
      45 degrees | 45^\circ
      1.5 radians | 1.5`,
    different: String.raw`
      10 minutes | 10 hours
      1 hour | 1 minutes
      10 cm | 1 \text{ m}
      10\text{ m}^2 | 10\text{ m}
      5 apples | 5 oranges
      20^\circ\text{C} | 20^\circ\text{F}
      30 | \frac{\pi}{6}
      75 cents | \$75
      5 | 5 N
      5 | 5x
      5 | 5 more
      3 | 3 dozen`,
  },
  {
    name: 'tuples, intervals and inequalities',
    equal: String.raw`
      (1,2) | \langle 1,2\rangle
      (1,2) | (x,y)=(1,2)
      (p,q)=(3,2) | p=3,q=2
      [1,2] | 1\le x\le2
      [1,2] | x \in [1,2]
      -2 \\le x \\le 7 | x \in [-2,7]
      (-\infty,2)\cup(3,\infty) | x<2\text{ or }x>3
      (-\infty,2)\cup(3,\infty) | x<2, x>3
      \{x \mid x>2\} | (2,\infty)
      \{x : x \ge 2\} | [2,\infty)
      x \neq 3 | (-\infty,3)\cup(3,\infty)
      \mathbb{R} | (-\infty,\infty)
      ℝ | \text{all real numbers}
      (1, 2), (3, 4) | (3,4),(1,2)
      (11,7)or(7,11) | (7,11), (11,7)
      (11,7), (7,11) | (7,11), (11,7), (7,11)
      \{(1,2),(3,4)\} | (1,2),(3,4)
      p=5,q=2;p=7,q=2 | (5,2),(7,2)
      (0;0;6) | (0,0,6)
      ≥3 | x\ge3`,
    different: String.raw`
      (1,2) | 1,2
      (1,2) | \{1,2\}
      (1,3) | [1,3]
      1<x | 1>x
      x<2, x>3 | (-\infty,2]\cup(3,\infty)
      (1,2),(3,4) | (2,1),(4,3)
      (1,2),(3,4) | (1,4),(3,2)
      (p,q)=(3,2) | p=2,q=3
      x \ne 3 | (-\infty,3)`,
  },
  {
    name: 'equations, names of quantities and approximations',
    equal: String.raw`
      y=2x+3 | 2x+3=y
      2x-y+3=0 | y=2x+3
      f(x)=x^2 | y=x^2
      f(x)=x^2 | x^2
      \text{Area}=5 | 5
      Area = 5 | 5
      |AB|=1 | 1
      AB=4,CD=5 | 4,5
      k = 45, n = 2 | n = 2, k = 45
      x = -5, p = 3 | -5, 3
      \frac{NO}{BO}=\frac12 | 1/2
      A:B=1 | 1
      V_{1}:V_{2}=11:21 | 11:21
      P(A)=0.5 | 0.5
      m\angle A=30 | 30
      ∠ABC=30° | 30^\circ
      \sin\theta=\frac12 | 1/2
      x = 1/3 \approx 0.333 | 1/3
      \frac{\sqrt3}{3}\approx0.577 | \frac{\sqrt3}{3}
      x\approx11 | 11
      x = 5 + 6 = 11 | 11
      x_1=2, x_2=3 | 3,2
      x=2,3 | x=3, x=2
      a = \frac{1}{2} \hbar \omega_{L}^{\prime} | \frac{1}{2} \hbar \omega_{L}^{\prime}
      v^2_0 | v_0^2`,
    different: String.raw`
      x+y=5 | 5
      x^2=4 | 4
      x(x+1)=6 | 6
      \log(x)=2 | 2
      x=5 | y=5, x=3
      x \approx 0.333 | 1/3
      p=3,q=2 | \{2,3\}
      p=3,q=2 | x=3, x=2
      x=3,y=-3 | \pm 3
      AB=4 | CD=4`,
  },
  {
    name: 'sets, lists and matrices',
    equal: String.raw`
      \{1,2,3\} | {3, 2, 1}
      1; 2 | 2, 1
      1, 2, and 3 | \{1,2,3\}
      2 \& 3 | 2,3
      \boxed{2}, \boxed{3} | 2,3
      \boxed{(1, 2)} \quad \text{and} \quad \boxed{(2, 1)} | (1,2), (2,1)
      \{\pm 1\} | \{-1,1\}
      +/-3 | \pm 3
      \{-2, 1\pm\sqrt5\} | 1+\sqrt5, -2, 1-\sqrt5
      \text{no real solutions} | \emptyset
      \begin{pmatrix}1&2\\3&4\end{pmatrix} | \left[\begin{array}{cc}1&2\\3&4\end{array}\right]
      \begin{pmatrix}1&2\\3&4\end{pmatrix} | [[1,2],[3,4]]
      \begin{pmatrix}1\\2\end{pmatrix} | (1,2)
      \begin{pmatrix}-1&0\\0&1\end{pmatrix} | \begin{bmatrix} -1 & 0 \cr 0 & 1 \end{bmatrix}
      (\begin{smallmatrix}1&2\\3&4\end{smallmatrix}) | \begin{matrix}1&2\\3&4\end{matrix}`,
    different: String.raw`
      2 and 3 | 23
      1,1,2 | 1,2
      \begin{pmatrix}1\\2\end{pmatrix} | (2,1)
      \begin{pmatrix}1&2\\3&4\end{pmatrix} | (1,2,3,4)
      \begin{vmatrix}1\\2\end{vmatrix} | (1,2)
      \{1,2\} | (1,2)`,
  },
  {
    name: 'roots, functions and powers',
    equal: String.raw`
      \frac{\sqrt{6}}{3} | \sqrt{\frac{2}{3}}
      ∛8 | 2
      √12 | 2√3
      \sqrt[3]{2+\sqrt5}+\sqrt[3]{2-\sqrt5} | 1
      \frac{n!}{(n-1)!} | n
      \frac{(n-1)!}{k!}\frac{n}{(n-k)!} | \frac{n!}{k!(n-k)!}
      \binom{n}{k} | \frac{n!}{k!(n-k)!}
      \binom{n}{2} | \frac{n(n-1)}{2}
      {10 \choose 3} | 120
      e^{2\ln 3} | 9
      2e^{i\pi/3} | 1+i\sqrt3
      \text{cis} 60^\circ | \frac12+\frac{\sqrt3}2i
      \cos 36^\circ | \frac{1+\sqrt5}{4}
      \sec^2 x | 1+\tan^2x
      \log₂8 | 3
      xⁿ | x^n`,
    different: String.raw`
      \binom{n}{2} | \frac{n(n+1)}{2}
      \frac{n!}{(n-2)!} | n
      e^{i\pi/3} | e^{-i\pi/3}
      \frac{1}{2004!} | \frac{1}{2006!}
      1 - \frac{1}{\mathrm{e}} | 1 + \frac{1}{\mathrm{e}}
      \sqrt[3]{-8} | 2`,
  },
  {
    name: 'times, dates, ratios and numerals',
    equal: String.raw`
      2:30 p.m. | 2:30 PM
      May 5, 2020 | 5 May 2020
      October 1 | Oct. 1st
      3:4 | 3/4
      3:4 | 3\text{ to }4
      1:2:3 | 2:4:6
      1011_2 | 1011_{\text{two}}
      1011_{(2)} | (1011)_2
      -221_3 | x = -221_3
      0.0011_{2} | 0.0011_2
      A5_{16} | a5_{16}`,
    different: `
      2:30 AM | 2:30 PM
      2:30 | 1:15
      May 5 | May 6
      1:2:3 | 1:2
      3:4 | 4/3
      255_{10} | FF_{16}`,
  },
  {
    name: 'other scripts and signs',
    equal: String.raw`
      ２５ | 25
      ٣٤ | 34
      ۳۴ | 34
      （1，2） | (1,2)
      x₁ | x_1
      α+β | \alpha+\beta
      𝑥+𝟏 | x+1
      “yes” | yes
      3⁄4 | 3/4
      １/２ | 0.5
      5％ | 5\%
      5​ | 5`,
    different: `
      ٣٤ | 43
      x₁ | x_2
      α | β`,
  },
  {
    name: 'what stands around an answer',
    equal: String.raw`
      5 | **5**
      5 | ${'`5`'}
      5 | "5"
      5 | 5,
      5 | 5\\
      5 | = 5
      5 | The final answer is $5$.
      5 | answer: 5
      5 | So the answer is $\boxed{5}$
      9 | Answer \( 9 \)
      x \neq 3 | We find that $x \ne 3$.
      5 | approximately 5
      5 | \approx 5
      5 | \textcolor{red}{5}
      5 | \color{blue}{5}
      5 | \hspace{2mm}5\phantom{0}
      5 | \underline{5}
      5 | \begin{align*}5\end{align*}
      5 | 5 \text{.}
      \\dfrac{1}{2} +\frac{1}{72} | \tfrac{1}{2} +\! \frac1{72}`,
    different: `
      5 | not $5$
      5 | The answer is not 5
      5 | $5$ or $6$
      5 | The answers are 5 and 6`,
  },
];

function pairs(lines: string): readonly (readonly [string, string])[] {
  return lines
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const at = line.indexOf(' | ');
      return [line.slice(0, at).trim(), line.slice(at + 3).trim()];
    });
}

for (const { name, equal, different } of writings) {
  test(`${name}: what says the same is the same`, () => {
    for (const [a, b] of pairs(equal)) {
      assert.ok(equivalent(a, b), `${a} = ${b}`);
      assert.ok(equivalent(b, a), `${b} = ${a}`);
    }
  });
  test(`${name}: what says something else is not`, () => {
    for (const [a, b] of pairs(different)) {
      assert.ok(!equivalent(a, b), `${a} ≠ ${b}`);
      assert.ok(!equivalent(b, a), `${b} ≠ ${a}`);
    }
  });
}
