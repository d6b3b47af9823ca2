/** How an item of Countdown is asked. */
export const countdownQuestion = (numbers: readonly number[], target: number): string =>
  `Make ${target} out of the numbers ${numbers.join(', ')}. Use each of them exactly once, with +, -, *, / and ` +
  'parentheses as you need them. Your answer is the expression, without an equals sign.';
