//! The integration suite.

mod oracle;
