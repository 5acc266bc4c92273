//! Hyperscan, as much of it as a comparison needs: compile patterns, scan a block, be told where matches begin and end.
#![expect(unsafe_code, reason = "a C library")]
// Why it is sound: `Database` and `Scratch` are made by the library and freed once, in `Drop`, and never given away;
// strings passed to it live until the call returns; the one callback gets the pointer to the closure of the scan that
// is running, on the same thread, and does not unwind into C (a panic in an `extern "C"` function aborts).

use std::ffi::{CStr, CString, c_char, c_int, c_uint, c_ulonglong, c_void};
use std::ptr;

/// `HS_FLAG_SOM_LEFTMOST`: tell where a match begins.
const SOM_LEFTMOST: c_uint = 256;
/// `HS_MODE_BLOCK`.
const BLOCK: c_uint = 1;

type OnMatch = unsafe extern "C" fn(c_uint, c_ulonglong, c_ulonglong, c_uint, *mut c_void) -> c_int;

/// `hs_compile_error_t`.
#[repr(C)]
struct CompileError {
    message: *mut c_char,
    expression: c_int,
}

#[link(name = "hs")]
unsafe extern "C" {
    fn hs_version() -> *const c_char;
    fn hs_compile_multi(
        expressions: *const *const c_char,
        flags: *const c_uint,
        ids: *const c_uint,
        elements: c_uint,
        mode: c_uint,
        platform: *const c_void,
        database: *mut *mut c_void,
        error: *mut *mut CompileError,
    ) -> c_int;
    fn hs_free_database(database: *mut c_void) -> c_int;
    fn hs_alloc_scratch(database: *const c_void, scratch: *mut *mut c_void) -> c_int;
    fn hs_free_scratch(scratch: *mut c_void) -> c_int;
    fn hs_scan(
        database: *const c_void,
        data: *const c_char,
        length: c_uint,
        flags: c_uint,
        scratch: *mut c_void,
        on_match: OnMatch,
        context: *mut c_void,
    ) -> c_int;
}

/// Compiled patterns and the scratch space to run them.
pub struct Hyperscan {
    database: *mut c_void,
    scratch: *mut c_void,
}

impl Hyperscan {
    /// Compiles `patterns` for this processor, with start offsets, for whole blocks.
    pub fn new(patterns: &[&str]) -> Self {
        let owned: Vec<CString> = patterns.iter().map(|p| CString::new(*p).expect("no zero in a pattern")).collect();
        let pointers: Vec<*const c_char> = owned.iter().map(|p| p.as_ptr()).collect();
        let flags = vec![SOM_LEFTMOST; patterns.len()];
        let ids: Vec<c_uint> = (0..patterns.len() as c_uint).collect();
        let (mut database, mut scratch, mut error) = (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
        // SAFETY: the lists are as long as said, and the results are written to variables of ours.
        let done = unsafe {
            hs_compile_multi(
                pointers.as_ptr(),
                flags.as_ptr(),
                ids.as_ptr(),
                patterns.len() as c_uint,
                BLOCK,
                ptr::null(),
                &raw mut database,
                &raw mut error,
            )
        };
        if done != 0 {
            // SAFETY: when compiling fails the library sets the error and its message.
            let (why, which) = unsafe { (CStr::from_ptr((*error).message).to_string_lossy(), (*error).expression) };
            panic!("pattern {which}: {why}");
        }
        // SAFETY: the database was made just now.
        let done = unsafe { hs_alloc_scratch(database, &raw mut scratch) };
        assert_eq!(done, 0, "scratch space");
        Self { database, scratch }
    }

    /// The library's version.
    pub fn version() -> String {
        // SAFETY: a constant of the library.
        unsafe { CStr::from_ptr(hs_version()) }.to_string_lossy().into_owned()
    }

    /// Tells `found` the pattern, beginning and end of every match.
    pub fn scan<F: FnMut(usize, usize, usize)>(&mut self, text: &[u8], mut found: F) {
        unsafe extern "C" fn on_match<F: FnMut(usize, usize, usize)>(
            id: c_uint,
            from: c_ulonglong,
            to: c_ulonglong,
            _: c_uint,
            context: *mut c_void,
        ) -> c_int {
            // SAFETY: `context` is the closure of the scan that calls this, and nobody else holds it meanwhile.
            let found = unsafe { &mut *context.cast::<F>() };
            found(id as usize, from as usize, to as usize);
            0
        }
        let length = c_uint::try_from(text.len()).expect("a text below 4 GiB");
        let context = (&raw mut found).cast();
        // SAFETY: the text is as long as said; database and scratch are alive and belong together.
        let done =
            unsafe { hs_scan(self.database, text.as_ptr().cast(), length, 0, self.scratch, on_match::<F>, context) };
        assert_eq!(done, 0, "a scan");
    }
}

impl Drop for Hyperscan {
    fn drop(&mut self) {
        // SAFETY: both were made by the library and are not used again.
        unsafe {
            hs_free_scratch(self.scratch);
            hs_free_database(self.database);
        }
    }
}
