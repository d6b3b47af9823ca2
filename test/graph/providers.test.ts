import { test } from 'node:test';
import { holdOnWebgpu } from '../support/claims.js';

test('operators and gradients on WebGPU', (t) => holdOnWebgpu(t, new URL('./providers-process.js', import.meta.url)));
