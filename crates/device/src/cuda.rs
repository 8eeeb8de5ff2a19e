//! A card of NVIDIA, through its driver. This module alone calls functions that are not safe, and says of each why the call is.
#![allow(unsafe_code)]

use crate::kernels::{FILES, Kernel};
use crate::machine::{Argument, Machine, Start};
use bfv_exact::Refused;
use cudarc::driver::DriverError;
use cudarc::driver::result::{
    ctx, device, free_sync, init, launch_kernel, malloc_sync, memcpy_dtod_sync, memcpy_dtoh_sync, memcpy_htod_sync,
    module, primary_ctx, stream,
};
use cudarc::driver::sys::{
    CUcontext, CUdevice, CUdevice_attribute_enum as Attribute, CUdeviceptr, CUfunction, CUmodule, CUresult,
};
use std::cell::Cell;
use std::ffi::{CString, c_void};
use std::fmt;
use std::rc::Rc;

/// The least compute capability, tens and ones: the kernels use the matrix unit over bytes.
const LEAST: u8 = 80;

/// Whether the library that compiles kernels is there.
pub(crate) fn has_compiler() -> bool {
    // SAFETY: it loads and unloads libraries by their names; those of NVRTC do nothing when they are loaded.
    unsafe { cudarc::nvrtc::sys::is_culib_present() }
}

/// Why there is no card to compute on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Absent {
    /// The library of the driver is missing.
    Driver,
    /// The driver finds no card.
    Card,
    /// The card is too old: its compute capability, tens and ones.
    Old(u8),
    /// The driver refuses something.
    Refused(String),
}

impl fmt::Display for Absent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Absent::Driver => write!(f, "There is no driver of CUDA here."),
            Absent::Card => write!(f, "The driver of CUDA finds no card."),
            Absent::Old(found) => {
                write!(f, "The card has compute capability {}.{}, and 8.0 is needed.", found / 10, found % 10)
            }
            Absent::Refused(why) => write!(f, "The driver of CUDA refuses the card: {why}."),
        }
    }
}

fn absent(why: DriverError) -> Absent {
    Absent::Refused(said(why))
}

/// What the driver says of an error, without a point at its end.
fn said(why: DriverError) -> String {
    let text = why.error_string().ok().map(|text| text.to_string_lossy().trim_end_matches('.').to_owned());
    text.unwrap_or_else(|| "it gives no reason".into())
}

fn refused(why: DriverError) -> Refused {
    Refused::new("the card", said(why))
}

/// The context of a card, which ends with the last memory that lies in it.
struct Context {
    device: CUdevice,
    context: CUcontext,
    /// What failed while memory was freed, where nobody could be told.
    failed: Cell<Option<DriverError>>,
}

impl Context {
    /// Makes this the context of the calls that follow, and tells what failed before.
    fn enter(&self) -> Result<(), DriverError> {
        if let Some(before) = self.failed.take() {
            return Err(before);
        }
        // SAFETY: the context was retained when this was made, and is released when this ends.
        unsafe { ctx::set_current(self.context) }
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        // SAFETY: it was retained once, by `Cuda::open`. What fails now has nobody left who could be told.
        let _ended = unsafe { primary_ctx::release(self.device) };
    }
}

/// Memory of a card.
pub struct Bytes {
    context: Rc<Context>,
    at: CUdeviceptr,
    length: usize,
}

impl Drop for Bytes {
    fn drop(&mut self) {
        // SAFETY: `at` is what `malloc_sync` gave, and is freed here only. Freeing waits for kernels that use it.
        let freed = self.context.enter().and_then(|()| unsafe { free_sync(self.at) });
        if let Err(why) = freed {
            self.context.failed.set(Some(why));
        }
    }
}

/// A card with the kernels.
pub struct Cuda {
    functions: Vec<(Kernel, CUfunction)>,
    modules: Vec<CUmodule>,
    context: Rc<Context>,
    name: String,
    capability: u8,
}

impl Drop for Cuda {
    fn drop(&mut self) {
        for module in &self.modules {
            // SAFETY: it was loaded by `Cuda::open` and is unloaded here only; its functions end with this.
            let unloaded = self.context.enter().and_then(|()| unsafe { module::unload(*module) });
            if let Err(why) = unloaded {
                self.context.failed.set(Some(why));
            }
        }
    }
}

impl Cuda {
    /// The first card, with the kernels loaded by its driver. No setting of the card is changed.
    ///
    /// # Errors
    /// There is none, or none that can run the kernels.
    pub fn open() -> Result<Cuda, Absent> {
        // SAFETY: it loads and unloads libraries by their names; those of the driver do nothing when they are loaded.
        if !unsafe { cudarc::driver::sys::is_culib_present() } {
            return Err(Absent::Driver);
        }
        // A driver without a card says so here.
        init().map_err(|why| if why.0 == CUresult::CUDA_ERROR_NO_DEVICE { Absent::Card } else { absent(why) })?;
        if device::get_count().map_err(absent)? < 1 {
            return Err(Absent::Card);
        }
        let device = device::get(0).map_err(absent)?;
        let name = device::get_name(device).map_err(absent)?;
        // SAFETY: the device is one that the driver gave.
        let attribute = |a| unsafe { device::get_attribute(device, a) }.map_err(absent);
        let tens = attribute(Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)?;
        let ones = attribute(Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR)?;
        let capability = u8::try_from(tens.saturating_mul(10).saturating_add(ones)).unwrap_or(u8::MAX);
        if capability < LEAST {
            return Err(Absent::Old(capability));
        }
        // SAFETY: the device is one that the driver gave.
        let context = unsafe { primary_ctx::retain(device) }.map_err(absent)?;
        let context = Rc::new(Context { device, context, failed: Cell::new(None) });
        context.enter().map_err(absent)?;
        let mut cuda = Cuda { functions: Vec::new(), modules: Vec::new(), context, name, capability };
        for file in FILES {
            let name = |text: &str| CString::new(text).map_err(|_| Absent::Refused("a text has a zero in it".into()));
            let text = name(file.ptx)?;
            // SAFETY: the image is a text that ends with a zero, and lives until the call ends.
            let loaded = unsafe { module::load_data(text.as_ptr().cast::<c_void>()) }.map_err(absent)?;
            cuda.modules.push(loaded);
            for kernel in file.kernels {
                // SAFETY: the module is loaded until `cuda` ends.
                let function = unsafe { module::get_function(loaded, name(kernel.name())?) }.map_err(absent)?;
                cuda.functions.push((*kernel, function));
            }
        }
        Ok(cuda)
    }

    /// The name of the card.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The compute capability, tens and ones: the class of the device in a certificate.
    #[must_use]
    pub fn capability(&self) -> u8 {
        self.capability
    }

    /// Waits until all kernels have ended.
    ///
    /// # Errors
    /// One of them has failed.
    pub fn finish(&self) -> Result<(), Refused> {
        self.context.enter().and_then(|()| ctx::synchronize()).map_err(refused)
    }

    /// Copies memory to other memory of the card, of the same length.
    ///
    /// # Errors
    /// The lengths differ, or the driver refuses.
    pub fn copy(&self, from: &Bytes, to: &Bytes) -> Result<(), Refused> {
        if from.length != to.length {
            return Err(Refused::new("the card", "memory of two lengths is not copied"));
        }
        self.context.enter().map_err(refused)?;
        // SAFETY: both are memory of this length, which lives until the call ends.
        unsafe { memcpy_dtod_sync(to.at, from.at, from.length) }.map_err(refused)
    }
}

impl Machine for Cuda {
    type Memory = Bytes;

    fn upload(&self, bytes: &[u8]) -> Result<Bytes, Refused> {
        let memory = self.room(bytes.len())?;
        // SAFETY: the memory has as many bytes as are copied, and the copy is done when the call ends.
        unsafe { memcpy_htod_sync(memory.at, bytes) }.map_err(refused)?;
        Ok(memory)
    }

    fn room(&self, length: usize) -> Result<Bytes, Refused> {
        self.context.enter().map_err(refused)?;
        // SAFETY: what is in the memory is bytes, of which any are valid.
        let at = unsafe { malloc_sync(length) }.map_err(refused)?;
        Ok(Bytes { context: Rc::clone(&self.context), at, length })
    }

    fn write(&self, memory: &Bytes, at: usize, bytes: &[u8]) -> Result<(), Refused> {
        if at.checked_add(bytes.len()).is_none_or(|end| end > memory.length) {
            let (n, all) = (bytes.len(), memory.length);
            return Err(Refused::new("the card", format!("{n} bytes from byte {at} on do not fit memory of {all}")));
        }
        self.finish()?;
        // SAFETY: these bytes of the memory are its own, as was looked at, and the copy is done when the call ends.
        unsafe { memcpy_htod_sync(memory.at + at as u64, bytes) }.map_err(refused)
    }

    fn start(&self, kernel: Kernel, start: Start, arguments: &[Argument<'_, Bytes>]) -> Result<(), Refused> {
        let function = self.functions.iter().find(|(own, _)| *own == kernel);
        let (_, function) = function.ok_or_else(|| Refused::new("the card", "the kernel is not loaded"))?;
        // A number of 32 bits stands in the first four bytes, as this is a machine that puts the lowest first.
        let mut values: Vec<u64> = arguments
            .iter()
            .map(|argument| match argument {
                Argument::Memory(memory) => memory.at,
                Argument::Nothing => 0,
                Argument::Word(n) => u64::from(*n).to_le(),
                Argument::Long(n) => *n,
            })
            .collect();
        let mut pointers: Vec<*mut c_void> = values.iter_mut().map(|value| std::ptr::from_mut(value).cast()).collect();
        let [grid, block] = [start.grid, start.block].map(|[x, y]| (x, y, 1));
        self.context.enter().map_err(refused)?;
        // SAFETY: the arguments are those of the kernel, in number and kind, as the tests show with the same launches; the driver copies them before the call ends. The
        // kernel touches its memory only, as the interpreter shows; memory is freed after kernels that use it have ended.
        unsafe { launch_kernel(*function, grid, block, 0, stream::null(), &mut pointers) }.map_err(refused)
    }

    fn download(&self, memory: &Bytes) -> Result<Vec<u8>, Refused> {
        self.finish()?;
        let mut bytes = vec![0; memory.length];
        // SAFETY: the memory has as many bytes as are copied, and the copy is done when the call ends.
        unsafe { memcpy_dtoh_sync(&mut bytes, memory.at) }.map_err(refused)?;
        Ok(bytes)
    }
}
