//! A safe interface to the AV1 decoder dav1d, which `libdav1d-sys` builds and links in.

mod picture;

use std::ffi::c_int;
use std::mem::MaybeUninit;
use std::ptr::NonNull;

use libdav1d_sys::{
    DAV1D_ERR_AGAIN, Dav1dContext, Dav1dData, Dav1dSettings, dav1d_close, dav1d_data_create,
    dav1d_data_unref, dav1d_default_settings, dav1d_get_picture, dav1d_open, dav1d_send_data,
};

pub use picture::{Layout, Matrix, Picture};

/// Why a call came to nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Pictures have to be taken first, or data to be sent.
    #[error("not now")]
    Again,
    /// The data is damaged, beyond the limits, or memory is lacking: the negated `errno` of the decoder.
    #[error("the decoder fails with error {0}")]
    Failed(i32),
}

/// How a decoder is set up.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Threads, from 1 to 256.
    pub threads: u32,
    /// Pictures that are decoded at once, no more than threads; 0 for the square root of those. As many are held back.
    pub pictures_at_once: u32,
    /// Pixels of the largest picture that is decoded.
    pub max_pixels: u32,
}

/// A decoder of one stream. Of several spatial layers it returns the best.
pub struct Decoder {
    context: NonNull<Dav1dContext>,
    /// What has not been taken of the packet sent last.
    pending: Dav1dData,
}

// SAFETY: a context may be used by any thread, by one at a time; `pending` owns its bytes.
unsafe impl Send for Decoder {}

impl Decoder {
    /// A decoder with threads of its own, if it has more than one.
    pub fn new(settings: Settings) -> Result<Self, Error> {
        let mut native = MaybeUninit::<Dav1dSettings>::uninit();
        // SAFETY: the function fills in what the pointer points to.
        let mut native = unsafe {
            dav1d_default_settings(native.as_mut_ptr());
            native.assume_init()
        };
        native.n_threads = c_int::try_from(settings.threads).unwrap_or(1);
        native.max_frame_delay = c_int::try_from(settings.pictures_at_once).unwrap_or(0);
        native.frame_size_limit = settings.max_pixels;
        native.all_layers = 0;
        native.logger.callback = None;
        let mut context = std::ptr::null_mut();
        // SAFETY: both pointers come from references; the settings hold the default allocator.
        check(unsafe { dav1d_open(&raw mut context, &raw const native) })?;
        Ok(Self {
            context: NonNull::new(context).ok_or(Error::Failed(0))?,
            pending: nothing(),
        })
    }

    /// Sends a packet, whose pictures come back with `key`. What was left of an earlier one is forgotten.
    ///
    /// After [`Error::Again`] pictures have to be [taken](Self::picture) and the rest to be
    /// [sent](Self::send_rest).
    pub fn send(&mut self, packet: &[u8], key: i64) -> Result<(), Error> {
        self.forget_pending();
        if packet.is_empty() {
            return Ok(());
        }
        // SAFETY: the pointer comes from a reference.
        let bytes = unsafe { dav1d_data_create(&raw mut self.pending, packet.len()) };
        let bytes = NonNull::new(bytes).ok_or(Error::Failed(0))?;
        // SAFETY: the function returned that many new bytes.
        unsafe { bytes.copy_from_nonoverlapping(NonNull::from(packet).cast(), packet.len()) };
        self.pending.m.timestamp = key;
        self.send_rest()
    }

    /// Goes on with a packet that was not taken in full.
    pub fn send_rest(&mut self) -> Result<(), Error> {
        // SAFETY: the context lives, and the pointer comes from a reference to data made by `dav1d_data_create`.
        let result =
            check(unsafe { dav1d_send_data(self.context.as_ptr(), &raw mut self.pending) });
        match result {
            Ok(()) if self.pending.sz > 0 => Err(Error::Again),
            Err(Error::Failed(error)) => {
                self.forget_pending();
                Err(Error::Failed(error))
            }
            result => result,
        }
    }

    /// The next picture; [`Error::Again`] if more data is needed first.
    pub fn picture(&mut self) -> Result<Picture, Error> {
        let mut picture = Picture::empty();
        // SAFETY: the context lives, and the pointer comes from a reference.
        check(unsafe { dav1d_get_picture(self.context.as_ptr(), picture.as_native()) })?;
        Ok(picture)
    }

    fn forget_pending(&mut self) {
        // SAFETY: the pointer comes from a reference to what the decoder's functions made, or to nothing.
        unsafe { dav1d_data_unref(&raw mut self.pending) };
    }
}

impl Drop for Decoder {
    fn drop(&mut self) {
        self.forget_pending();
        let mut context = self.context.as_ptr();
        // SAFETY: the context comes from `dav1d_open`, and nobody uses it after this.
        unsafe { dav1d_close(&raw mut context) };
    }
}

/// What holds no data.
fn nothing() -> Dav1dData {
    // SAFETY: the struct holds pointers and numbers, for which 0 stands for none.
    unsafe { MaybeUninit::zeroed().assume_init() }
}

fn check(result: c_int) -> Result<(), Error> {
    match result {
        0.. => Ok(()),
        DAV1D_ERR_AGAIN => Err(Error::Again),
        error => Err(Error::Failed(error)),
    }
}
