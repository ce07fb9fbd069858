//! The outer loop of programs that watch the chain: look, wait, look again.

use std::{fmt::Display, time::Duration};
use tokio::time::{MissedTickBehavior, interval};

/// Calls `look` after each `again` until `stop` ends, which interrupts no look. What fails is told once: when it fails otherwise, or again after it went well.
pub async fn watch<E: Display>(
    mut again: impl AsyncFnMut(),
    stop: impl Future<Output = ()>,
    mut look: impl AsyncFnMut() -> Result<(), E>,
    tell: impl Fn(String),
) {
    let mut said = None;
    tokio::pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => return,
            () = again() => {}
        }
        let told = look().await.err().map(|error| error.to_string());
        if let Some(what) = told.clone().filter(|_| told != said) {
            tell(what);
        }
        said = told;
    }
}

/// An `again` that comes at once and then at this pace, or as fast as the looks allow.
pub fn every(pace: Duration) -> impl AsyncFnMut() {
    let mut tick = interval(pace);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    async move || {
        tick.tick().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;
    use tokio::sync::Notify;

    #[tokio::test]
    async fn a_failure_is_told_once_until_it_changes_or_is_over() {
        let mut outcomes = [Err("away"), Err("away"), Ok(()), Err("away"), Err("refused"), Ok(())].into_iter();
        let (over, told) = (Notify::new(), Mutex::new(Vec::new()));
        let look = async || {
            outcomes.next().unwrap_or_else(|| {
                over.notify_one();
                Ok(())
            })
        };
        watch(every(Duration::from_millis(1)), over.notified(), look, |what| told.lock().expect("told").push(what)).await;
        assert_eq!(*told.lock().expect("told"), ["away", "away", "refused"]);
    }
}
