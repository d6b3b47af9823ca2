import protobuf from 'protobufjs';
import type { LogRecord } from './log-record.js';

/** TensorBoard's event messages: those of their fields that are written here, from tensorboard/compat/proto. */

const SCHEMA = `
syntax = "proto3";
message Event {
  double wall_time = 1;
  int64 step = 2;
  string file_version = 3;
  Summary summary = 5;
}
message Summary {
  repeated Value value = 1;
  message Value {
    string tag = 1;
    oneof value {
      float simple_value = 2;
      HistogramProto histo = 5;
      TensorProto tensor = 8;
    }
    SummaryMetadata metadata = 9;
  }
}
message SummaryMetadata {
  PluginData plugin_data = 1;
  message PluginData { string plugin_name = 1; }
}
message HistogramProto {
  double min = 1;
  double max = 2;
  double num = 3;
  double sum = 4;
  double sum_squares = 5;
  repeated double bucket_limit = 6;
  repeated double bucket = 7;
}
message TensorProto {
  int32 dtype = 1;
  TensorShapeProto tensor_shape = 2;
  repeated bytes string_val = 8;
}
message TensorShapeProto {
  repeated Dim dim = 2;
  message Dim { int64 size = 1; }
}`;

/** The message type Event, to encode and to decode. */
export const EventMessage = protobuf.parse(SCHEMA, { keepCase: true }).root.lookupType('Event');

/** The event that a file begins with. */
export const fileVersionEvent = (wallTime: number): Uint8Array =>
  encode({ wall_time: wallTime, step: 0, file_version: 'brain.Event:2' });

/** A record as one event: scalars, histograms, and the settings as text. */
export function recordEvent({ wallTime, step, scalars, histograms, config }: LogRecord): Uint8Array {
  const value = [
    ...Object.entries(scalars).map(([tag, simple_value]) => ({ tag, simple_value })),
    ...Object.entries(histograms).flatMap(([tag, values]) =>
      values.length === 0 ? [] : [{ tag, histo: histogram(values) }],
    ),
    ...(config === null ? [] : [{ tag: 'settings/text_summary', ...text(JSON.stringify(config, null, 2)) }]),
  ];
  return encode({ wall_time: wallTime, step, summary: { value } });
}

function encode(event: Readonly<Record<string, unknown>>): Uint8Array {
  return EventMessage.encode(EventMessage.fromObject(event)).finish();
}

/** DT_STRING of tensorflow's types.proto. */
const STRING_TENSOR = 7;

/** A text that is shown as it is: Markdown takes four spaces for that. */
function text(plain: string): object {
  const markdown = plain.replace(/^/gm, '    ');
  return {
    metadata: { plugin_data: { plugin_name: 'text' } },
    tensor: { dtype: STRING_TENSOR, tensor_shape: { dim: [{ size: 1 }] }, string_val: [Buffer.from(markdown)] },
  };
}

/** Upper ends of the buckets, around each tenth: vote shares of ten answers fall in the middle of theirs. */
const BUCKET_LIMITS = Array.from({ length: 11 }, (_, tenth) => (tenth + 0.5) / 10);

/** A histogram of values from 0 to 1. */
function histogram(values: readonly number[]): object {
  const counts = BUCKET_LIMITS.map(() => 0);
  for (const value of values) {
    const bucket = BUCKET_LIMITS.findIndex((limit) => value <= limit);
    counts[bucket] = (counts[bucket] ?? 0) + 1;
  }
  return {
    min: Math.min(...values),
    max: Math.max(...values),
    num: values.length,
    sum: values.reduce((sum, value) => sum + value, 0),
    sum_squares: values.reduce((sum, value) => sum + value ** 2, 0),
    bucket_limit: BUCKET_LIMITS,
    bucket: counts,
  };
}
