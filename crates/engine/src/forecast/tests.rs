//! The forecasts held against what can be worked out beside them.
