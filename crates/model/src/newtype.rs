//! What several types of this crate are made with: texts that are checked when they are made, and lists of variants.

/// Declares a checked text: `/// docs  Name: Error = check;` where `check` is `fn(&str) -> Result<(), Error>`.
macro_rules! checked_text {
    ($($(#[$doc:meta])* $name:ident: $error:ident = $check:ident;)+) => {$(
        $(#[$doc])*
        #[derive(
            Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
        )]
        // Reading goes through the check too: no text of this type is unchecked.
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Checks a text.
            ///
            /// # Errors
            #[doc = concat!("[`", stringify!($error), "`] naming what is wrong with it.")]
            pub fn parse(text: &str) -> Result<Self, $error> {
                $check(text).map(|()| Self(text.to_owned()))
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = $error;
            fn try_from(text: String) -> Result<Self, $error> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(checked: $name) -> Self {
                checked.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = $error;
            fn from_str(text: &str) -> Result<Self, $error> {
                Self::parse(text)
            }
        }
    )+};
}

pub(crate) use checked_text;

/// The variants of an enum as an array. A wrong length does not compile: this runs in constants.
pub(crate) const fn all<T: Copy, const N: usize>(variants: &[T]) -> [T; N] {
    // `Self::ALL` stays an array, so that callers can map it.
    assert!(variants.len() == N, "as many as the enum has variants");
    *variants.first_chunk().expect("the length was checked")
}
