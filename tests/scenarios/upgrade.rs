//! Another program takes the place of the running one, while people work.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use rustix::process::Signal;

use crate::harness::{Gate, free_address, load, wait_until};

#[test]
fn nobody_is_refused_while_the_program_is_replaced() {
    let spare = free_address();
    let mut gate = Gate::with(|setup| {
        setup.listen = spare.to_string();
        setup.launcher = Some(spare);
    });
    let (is_over, delivered) = (AtomicBool::new(false), AtomicUsize::new(0));
    let host = gate.world.http.address;
    std::thread::scope(|scope| {
        for worker in 0..4 {
            let (is_over, delivered) = (&is_over, &delivered);
            scope.spawn(move || {
                for n in 0.. {
                    if is_over.load(Ordering::Acquire) {
                        return;
                    }
                    // No connection is refused and no request fails, whichever program it meets.
                    let token = format!("thu-{worker}-{}", "x".repeat(n % 7));
                    assert!(load::post(spare, host, &token).expect("answered"), "not delivered");
                    delivered.fetch_add(1, Ordering::AcqRel);
                }
            });
        }
        let served = |n: usize| wait_until("messages are delivered", || delivered.load(Ordering::Acquire) >= n);
        served(20);
        for round in 2..=3 {
            gate.signal(Signal::HUP);
            wait_until("the next program runs", || gate.records("gateway.started").len() == round);
            served(delivered.load(Ordering::Acquire) + 20);
        }
        is_over.store(true, Ordering::Release);
    });
    let all = delivered.load(Ordering::Acquire);
    assert_eq!(gate.world.http.take().len(), all);
    gate.stop();
    assert_eq!(gate.records("decision").len(), all);
    assert_eq!(gate.records("gateway.stopped").len(), 3);
    gate.verify();
}
