//! What is sent, and the name under which it is counted.

/// A statement of CQL, written once as a `static`. Its name is the label of its metrics.
#[derive(Debug)]
pub(crate) struct Statement {
    pub(super) name: &'static str,
    pub(super) text: &'static str,
}

impl Statement {
    /// The statement `text` with positional `?`, named `name` in the metrics.
    pub(crate) const fn new(name: &'static str, text: &'static str) -> Self {
        Self { name, text }
    }

    /// What is sent.
    #[cfg(test)]
    pub(crate) const fn text(&self) -> &'static str {
        self.text
    }
}
