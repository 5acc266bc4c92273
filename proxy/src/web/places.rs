//! Places for connections: how many there may be at once, who makes room where they are few, and who has to be told that
//! there is none.
//!
//! Room is made by those who ask for nothing: who has said nothing yet, who has begun a request and does not end it, who
//! had an answer and asks for nothing more. The one that has waited longest goes first. A connection that finds no place
//! stays at the door, where it must speak soon; who is there is served as soon as a place is free, else told to come
//! again.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::sync::futures::OwnedNotified;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep};

use crate::gate::{Counts, Gate, Idler};

/// Where less than this part of the places is left, room is made.
const CROWDED_PART: usize = 8;
/// The door has a place for so many connections, and not more than so many.
const DOOR_PART: usize = 8;
const DOOR_MAX: usize = 1_024;
/// Everybody may ask for nothing for so long: browsers connect before they ask.
const IDLE_MS: u64 = 5_000;
const IDLE: Duration = Duration::from_millis(IDLE_MS);
/// A connection at the door looks so often whether somebody else can go.
const LOOK_MS: u64 = 250;
/// The longest wait for a place at the door.
const PATIENCE_SECONDS: u64 = 10;
/// The longest wait for a place at the door: a crowd that has come at once makes room before it is over. Others wait in
/// the system's queue meanwhile.
const DOOR_MS: u64 = IDLE_MS + 1_000;

/// The places of all listeners of a channel.
#[derive(Debug)]
pub(super) struct Places {
    most: usize,
    places: Arc<Semaphore>,
    door: Arc<Semaphore>,
    crowd: Crowd,
    /// The same of those at the door who say nothing.
    hushed: Notify,
}

/// Where a connection is.
#[derive(Debug)]
pub(super) enum Place {
    Within(OwnedSemaphorePermit),
    AtTheDoor(OwnedSemaphorePermit),
    Nowhere,
}

impl Places {
    /// Places for so many connections, those at the door among them.
    pub(super) fn new(crowd: Crowd, connections: usize) -> Self {
        let door = (connections / DOOR_PART).clamp(1, DOOR_MAX);
        let most = connections.saturating_sub(door).max(1);
        let [places, door] = [most, door].map(|n| Arc::new(Semaphore::new(n)));
        Self { most, places, door, crowd, hushed: Notify::new() }
    }

    /// What those wait for who can make room.
    pub(super) fn crowd(&self) -> &Crowd {
        &self.crowd
    }

    /// A place for a connection that has come. Where few are left, somebody makes room.
    pub(super) async fn enter(&self, counts: &Counts) -> Place {
        if self.places.available_permits() < self.most.div_ceil(CROWDED_PART) {
            self.crowd.disperse();
        }
        if let Ok(place) = Arc::clone(&self.places).try_acquire_owned() {
            return Place::Within(place);
        }
        counts.count_crowded();
        if let Ok(place) = Arc::clone(&self.door).try_acquire_owned() {
            return Place::AtTheDoor(place);
        }
        self.hushed.notify_one();
        let leaving = Arc::clone(&self.door).acquire_owned();
        match tokio::time::timeout(Duration::from_millis(DOOR_MS), leaving).await {
            Ok(Ok(place)) => Place::AtTheDoor(place),
            _ => Place::Nowhere,
        }
    }

    /// A place for one who stood at the door and has something to say. `None`: there is none.
    pub(super) async fn come_in(&self) -> Option<OwnedSemaphorePermit> {
        let waiting = async {
            let mut coming = std::pin::pin!(Arc::clone(&self.places).acquire_owned());
            loop {
                self.crowd.disperse();
                // One of those who could go may not have waited long enough a moment ago.
                let looked = tokio::time::timeout(Duration::from_millis(LOOK_MS), coming.as_mut()).await;
                if let Ok(place) = looked {
                    return place.ok();
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(PATIENCE_SECONDS), waiting).await.ok().flatten()
    }

    /// Waits as long as somebody at the door may say nothing.
    pub(super) async fn hush(&self) {
        let _ = tokio::time::timeout(IDLE, self.hushed.notified()).await;
    }
}

/// What those wait for who can make room, each in turn.
#[derive(Clone, Debug, Default)]
pub(super) struct Crowd {
    needed: Arc<Notify>,
    /// Who counts those that go.
    gate: Option<Gate>,
}

impl Crowd {
    /// One whose departures this gate counts.
    pub(super) fn of(gate: &Gate) -> Self {
        Self { needed: Arc::default(), gate: Some(gate.clone()) }
    }

    /// Lets the one go that has waited longest, or the next that comes to wait.
    pub(super) fn disperse(&self) {
        self.needed.notify_one();
    }

    /// Waits for room to be needed.
    pub(super) async fn is_needed(&self) {
        self.needed.notified().await;
    }

    /// Notes that somebody made room.
    pub(super) fn made_room(&self, idler: Idler) {
        if let Some(gate) = &self.gate {
            gate.counts().count_idler(idler);
        }
    }
}

/// Why nobody is waited for any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Over {
    Late,
    RoomIsNeeded,
}

/// How long somebody is waited for who has nothing to do: not beyond a time, and for a shorter one where room is needed.
#[derive(Debug)]
pub(super) struct Patience {
    crowd: Crowd,
    /// Wakes whoever waits too long. It is moved only when it fires.
    alarm: Pin<Box<Sleep>>,
    makes_room_from: Instant,
    ends: Instant,
    waiting: Option<Pin<Box<OwnedNotified>>>,
}

impl Patience {
    pub(super) fn new(crowd: Crowd, most: Duration) -> Self {
        let now = Instant::now();
        let (makes_room_from, ends) = (now + IDLE, now + most);
        let alarm = Box::pin(tokio::time::sleep_until(makes_room_from.min(ends)));
        Self { crowd, alarm, makes_room_from, ends, waiting: None }
    }

    /// Waits anew.
    pub(super) fn restart(&mut self, most: Duration) {
        let now = Instant::now();
        (self.makes_room_from, self.ends, self.waiting) = (now + IDLE, now + most, None);
        if self.alarm.deadline() > self.makes_room_from.min(self.ends) {
            self.alarm.as_mut().reset(self.makes_room_from.min(self.ends));
        }
    }

    /// Waits no longer than so long from now.
    pub(super) fn shorten(&mut self, most: Duration) {
        self.ends = self.ends.min(Instant::now() + most);
        if self.alarm.deadline() > self.ends {
            self.alarm.as_mut().reset(self.ends);
        }
    }

    /// Whether waiting is over.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Over> {
        if self.waiting.as_mut().is_some_and(|waiting| waiting.as_mut().poll(cx).is_ready()) {
            self.waiting = None;
            return Poll::Ready(Over::RoomIsNeeded);
        }
        while self.alarm.as_mut().poll(cx).is_ready() {
            let now = Instant::now();
            if now >= self.ends {
                return Poll::Ready(Over::Late);
            }
            if now < self.makes_room_from {
                self.alarm.as_mut().reset(self.makes_room_from.min(self.ends));
                continue;
            }
            self.alarm.as_mut().reset(self.ends);
            let mut waiting = Box::pin(Arc::clone(&self.crowd.needed).notified_owned());
            if waiting.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Over::RoomIsNeeded);
            }
            self.waiting = Some(waiting);
        }
        Poll::Pending
    }

    /// Notes that somebody made room.
    pub(super) fn made_room(&self, idler: Idler) {
        self.crowd.made_room(idler);
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_waits_longest_makes_room_and_nobody_does_at_once() {
        let crowd = Crowd::default();
        let most = Duration::from_secs(60);
        let mut waits: Vec<_> = (0..3).map(|_| Patience::new(crowd.clone(), most)).collect();
        let began = Instant::now();
        let over = |patience: &mut Patience| {
            let polled = patience.poll(&mut Context::from_waker(std::task::Waker::noop()));
            if let Poll::Ready(over) = polled { Some(over) } else { None }
        };
        assert!(waits.iter_mut().all(|patience| over(patience).is_none()));
        tokio::time::sleep(IDLE + Duration::from_millis(10)).await;
        // The second one is asked something meanwhile.
        waits[1].restart(most);
        assert!(waits.iter_mut().all(|patience| over(patience).is_none()));
        crowd.disperse();
        assert_eq!(waits.iter_mut().map(over).collect::<Vec<_>>(), [Some(Over::RoomIsNeeded), None, None]);
        crowd.disperse();
        assert_eq!(waits.iter_mut().skip(1).map(over).collect::<Vec<_>>(), [None, Some(Over::RoomIsNeeded)]);
        // Nobody waits long enough: the next that does goes at once.
        crowd.disperse();
        let [_, mut second, _] = <[Patience; 3]>::try_from(waits).expect("three");
        assert_eq!(poll_fn(|cx| second.poll(cx)).await, Over::RoomIsNeeded);
        assert!(began.elapsed() < 2 * IDLE + Duration::from_secs(1), "{:?}", began.elapsed());
        let mut alone = Patience::new(crowd.clone(), most);
        let began = Instant::now();
        assert_eq!(poll_fn(|cx| alone.poll(cx)).await, Over::Late);
        assert!(began.elapsed() >= most && began.elapsed() < most + Duration::from_secs(1), "{:?}", began.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn the_door_is_smaller_than_the_house() {
        for connections in [1, 2, 8, 32, 20_000] {
            let (places, counts) = (Places::new(Crowd::default(), connections), Counts::default());
            let mut held = Vec::new();
            while let place @ (Place::Within(_) | Place::AtTheDoor(_)) = places.enter(&counts).await {
                held.push(place);
            }
            let within = held.iter().filter(|place| matches!(place, Place::Within(_))).count();
            assert!(
                held.len() == connections.max(2) && within > 0 && within >= held.len() / 2,
                "{connections}: {within}"
            );
            assert_eq!(counts.crowded(), (held.len() - within) as u64 + 1);
        }
    }
}
