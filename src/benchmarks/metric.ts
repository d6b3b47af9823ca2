/** How the answers were taken: the likeliest token each time, or the mean over k samples at temperature 1. */
export type Metric = 'greedy' | `mean@${number}`;

/** Answers to each item that a metric is the mean of. */
export const sampleCount = (metric: Metric): number => (metric === 'greedy' ? 1 : Number(metric.slice('mean@'.length)));
