//! Records in nested data: which findings of a JSON or XML document belong to one person.
//!
//! An element repeated beside itself is a list, and each of its items a record of its own. An element that stands
//! alone belongs to what encloses it.

use crate::inquiry::Inquiry;
use crate::people::Mark;

#[derive(Default)]
struct Frame {
    name: u64,
    marks: Vec<Mark>,
    /// The last child that held findings, until it is known whether another of its name follows.
    child: Option<Child>,
}

struct Child {
    name: u64,
    marks: Vec<Mark>,
    repeated: bool,
}

/// The open elements.
#[derive(Default)]
pub(crate) struct Tree {
    frames: Vec<Frame>,
    /// The last document, until it is known whether another follows: a line each is a list.
    root: Option<Vec<Mark>>,
    listed: bool,
}

/// More findings than one record has.
const MARKS_MAX: usize = 1_024;
/// Deeper elements belong to the one at this depth.
const DEPTH_MAX: usize = 512;

impl Tree {
    pub(crate) fn open(&mut self, name: u64) {
        if self.frames.len() < DEPTH_MAX {
            self.frames.push(Frame { name, ..Frame::default() });
        }
    }

    pub(crate) fn add(&mut self, mark: Mark, inquiry: &mut Inquiry) {
        if self.frames.is_empty() {
            self.frames.push(Frame::default());
        }
        if let Some(frame) = self.frames.last_mut() {
            frame.marks.push(mark);
            if frame.marks.len() >= MARKS_MAX {
                inquiry.people.record(&std::mem::take(&mut frame.marks), false);
            }
        }
    }

    pub(crate) fn close(&mut self, inquiry: &mut Inquiry) {
        let Some(mut frame) = self.frames.pop() else { return };
        settle(&mut frame, inquiry);
        let Frame { name, marks, child: _ } = frame;
        if marks.is_empty() {
            return;
        }
        let Some(parent) = self.frames.last_mut() else {
            if let Some(before) = self.root.replace(marks) {
                self.listed = true;
                inquiry.people.record(&before, true);
            }
            return;
        };
        match &mut parent.child {
            Some(child) if child.name == name => {
                let before = std::mem::replace(&mut child.marks, marks);
                child.repeated = true;
                inquiry.people.record(&before, true);
            }
            _ => {
                settle(parent, inquiry);
                parent.child = Some(Child { name, marks, repeated: false });
            }
        }
    }

    pub(crate) fn finish(&mut self, inquiry: &mut Inquiry) {
        while !self.frames.is_empty() {
            self.close(inquiry);
        }
        if let Some(root) = self.root.take() {
            inquiry.people.record(&root, self.listed);
        }
        self.listed = false;
    }
}

/// Decides about the last child: an item of a list, or a part of this record.
fn settle(frame: &mut Frame, inquiry: &mut Inquiry) {
    if let Some(Child { name: _, marks, repeated }) = frame.child.take() {
        if repeated || frame.marks.len() + marks.len() > MARKS_MAX {
            inquiry.people.record(&marks, repeated);
        } else {
            frame.marks.extend(marks);
        }
    }
}
