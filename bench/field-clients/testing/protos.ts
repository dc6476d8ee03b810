/** The fields of the two payload formats as their specifications number them, for a decoder that is not ours. */
export const SPARKPLUG_PROTO = `
syntax = "proto2";
message Payload {
  message Metric {
    optional string name = 1;
    optional uint64 alias = 2;
    optional uint64 timestamp = 3;
    optional uint32 datatype = 4;
    optional bool is_historical = 5;
    optional bool is_transient = 6;
    optional bool is_null = 7;
    oneof value {
      uint32 int_value = 10;
      uint64 long_value = 11;
      float float_value = 12;
      double double_value = 13;
      bool boolean_value = 14;
      string string_value = 15;
      bytes bytes_value = 16;
    }
  }
  optional uint64 timestamp = 1;
  repeated Metric metrics = 2;
  optional uint64 seq = 3;
  optional string uuid = 4;
  optional bytes body = 5;
}`;

export const KURA_PROTO = `
syntax = "proto2";
message KuraPayload {
  message KuraMetric {
    enum ValueType { DOUBLE = 0; FLOAT = 1; INT64 = 2; INT32 = 3; BOOL = 4; STRING = 5; BYTES = 6; }
    required string name = 1;
    required ValueType type = 2;
    optional double double_value = 3;
    optional float float_value = 4;
    optional int64 long_value = 5;
    optional int32 int_value = 6;
    optional bool bool_value = 7;
    optional string string_value = 8;
    optional bytes bytes_value = 9;
  }
  message KuraPosition {
    required double latitude = 1;
    required double longitude = 2;
    optional double altitude = 3;
    optional double precision = 4;
    optional double heading = 5;
    optional double speed = 6;
    optional int64 timestamp = 7;
    optional int32 satellites = 8;
    optional int32 status = 9;
  }
  optional int64 timestamp = 1;
  optional KuraPosition position = 2;
  repeated KuraMetric metric = 5000;
  optional bytes body = 5001;
}`;
