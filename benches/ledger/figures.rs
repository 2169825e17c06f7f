//! Times as figures: sorted once, then read. It measures nothing.

use std::time::Instant;

/// Some times of one thing, milliseconds.
pub(crate) struct Times(Vec<f64>);

impl Times {
    /// Of at least one time.
    pub(crate) fn new(mut times: Vec<f64>) -> Self {
        times.sort_by(f64::total_cmp);
        Self(times)
    }

    /// How many there are.
    pub(crate) fn n(&self) -> usize {
        self.0.len()
    }

    /// The least time that so many of a hundred do not exceed.
    pub(crate) fn percentile(&self, percent: usize) -> f64 {
        let at = (self.0.len() * percent).div_ceil(100).max(1) - 1;
        *self.0.get(at).unwrap()
    }

    /// The middle one.
    pub(crate) fn median(&self) -> f64 {
        self.percentile(50)
    }
}

/// The middle one of some figures.
pub(crate) fn median(figures: Vec<f64>) -> f64 {
    Times::new(figures).median()
}

/// Milliseconds since then.
pub(crate) fn ms_since(began: Instant) -> f64 {
    began.elapsed().as_secs_f64() * 1e3
}
