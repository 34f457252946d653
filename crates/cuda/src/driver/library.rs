//! Products of matrices by cuBLASLt.

use super::failed::failed;
use crate::product::{Matrix, Product};
use crate::{Error, Numerics};
use autograd::DType;
use cudarc::cublaslt::result as lt;
use cudarc::cublaslt::result::CublasError;
use cudarc::cublaslt::sys as library;
use cudarc::driver::{CudaContext, result, sys};
use std::cell::RefCell;
use std::sync::Arc;

/// The most memory that a product may work in.
const WORKSPACE: usize = 32 << 20;

/// The library, and the memory that its products work in.
#[derive(Debug)]
pub(super) struct Library {
    handle: library::cublasLtHandle_t,
    numerics: Numerics,
    /// One for each product, because several may run at once. Two with the same result wait for each other.
    workspaces: RefCell<Vec<(Product, sys::CUdeviceptr, usize)>>,
}

impl Drop for Library {
    fn drop(&mut self) {
        for (_, at, bytes) in self.workspaces.take() {
            if bytes > 0 {
                // SAFETY: it was allocated once, and no graph that uses it is left.
                let _ = unsafe { result::free_sync(at) };
            }
        }
        // SAFETY: it was made once.
        let _ = unsafe { lt::destroy_handle(self.handle) };
    }
}

impl Library {
    pub(super) fn new(numerics: Numerics) -> Result<Library, Error> {
        // SAFETY: this only looks for the library.
        if !unsafe { library::is_culib_present() } {
            return Err(Error::NoLibrary {
                name: "cuBLASLt (libcublasLt)",
                hint: "it comes with the CUDA toolkit, or by `pip install nvidia-cublas`: name its folder in LD_LIBRARY_PATH, or \
                       choose `exact()`, which needs none",
            });
        }
        let handle = lt::create_handle().map_err(refused("cublasLtCreate"))?;
        Ok(Library { handle, numerics, workspaces: RefCell::default() })
    }

    /// A graph of one product.
    pub(super) fn captured(
        &self,
        product: &Product,
        context: &Arc<CudaContext>,
    ) -> Result<sys::CUgraph, Error> {
        let plan = Plan::new(self.handle, product, self.numerics)?;
        let workspace = self.workspace(product, plan.algorithm.workspaceSize)?;
        let stream = context.new_stream().map_err(failed("cuStreamCreate"))?;
        let alone = sys::CUstreamCaptureMode_enum::CU_STREAM_CAPTURE_MODE_THREAD_LOCAL;
        // SAFETY: the stream is alive, and nobody else uses it.
        unsafe { result::stream::begin_capture(stream.cu_stream(), alone) }
            .map_err(failed("cuStreamBeginCapture"))?;
        let multiplied = plan.multiply(self.handle, product, workspace, stream.cu_stream());
        // SAFETY: the capture began above; it ends whether the product was taken or not.
        let graph = unsafe { result::stream::end_capture(stream.cu_stream()) };
        multiplied?;
        graph.map_err(failed("cuStreamEndCapture"))
    }

    /// Memory for a product to work in.
    fn workspace(&self, product: &Product, bytes: usize) -> Result<(sys::CUdeviceptr, usize), Error> {
        let mut all = self.workspaces.borrow_mut();
        if let Some((_, at, bytes)) = all.iter().find(|(known, ..)| known == product) {
            return Ok((*at, *bytes));
        }
        let mut at = 0;
        if bytes > 0 {
            // SAFETY: products write it before they read it.
            at = unsafe { result::malloc_sync(bytes) }.map_err(failed("cuMemAlloc"))?;
        }
        all.push((product.clone(), at, bytes));
        Ok((at, bytes))
    }
}

/// What the library has to be told of a product.
struct Plan {
    /// The operation, and the layouts of A, B and C.
    operation: library::cublasLtMatmulDesc_t,
    layouts: [library::cublasLtMatrixLayout_t; 3],
    preference: library::cublasLtMatmulPreference_t,
    algorithm: library::cublasLtMatmulHeuristicResult_t,
    scale: Scale,
}

/// 1 and 0 in the precision of the sums.
enum Scale {
    Single([f32; 2]),
    Double([f64; 2]),
}

impl Drop for Plan {
    fn drop(&mut self) {
        // SAFETY: all were made once. What cannot be given back is lost, and that is all.
        unsafe {
            for layout in self.layouts {
                let _ = lt::destroy_matrix_layout(layout);
            }
            let _ = lt::destroy_matmul_pref(self.preference);
            let _ = lt::destroy_matmul_desc(self.operation);
        }
    }
}

impl Plan {
    fn new(handle: library::cublasLtHandle_t, product: &Product, numerics: Numerics) -> Result<Plan, Error> {
        use library::cublasComputeType_t as Compute;
        use library::cudaDataType_t as Type;
        let (compute, dtype, scale) = match (product.dtype, numerics) {
            (DType::F64, _) => (Compute::CUBLAS_COMPUTE_64F, Type::CUDA_R_64F, Scale::Double([1.0, 0.0])),
            (_, Numerics::Tf32) => {
                (Compute::CUBLAS_COMPUTE_32F_FAST_TF32, Type::CUDA_R_32F, Scale::Single([1.0, 0.0]))
            }
            (_, Numerics::Bf16) => {
                (Compute::CUBLAS_COMPUTE_32F_FAST_16BF, Type::CUDA_R_32F, Scale::Single([1.0, 0.0]))
            }
            _ => (Compute::CUBLAS_COMPUTE_32F, Type::CUDA_R_32F, Scale::Single([1.0, 0.0])),
        };
        let failed = refused("cublasLtMatmulDescCreate");
        let mut plan = Plan {
            operation: lt::create_matmul_desc(compute, dtype).map_err(&failed)?,
            layouts: [std::ptr::null_mut(); 3],
            preference: std::ptr::null_mut(),
            // SAFETY: the fields are numbers, and all of them are 0 until the library has chosen.
            algorithm: unsafe { std::mem::zeroed() },
            scale,
        };
        let Product { m, n, k, a, b, c, batch, .. } = product;
        for (i, (matrix, [rows, columns])) in [(a, [m, k]), (b, [k, n]), (c, [m, n])].into_iter().enumerate()
        {
            let lying = if matrix.is_transposed { [columns, rows] } else { [rows, columns] };
            plan.layouts[i] = layout(dtype, matrix, lying, *batch)?;
        }
        plan.transpose(a, b)?;
        plan.choose(handle, product)?;
        Ok(plan)
    }

    /// Says which factors lie as their transposes.
    fn transpose(&self, a: &Matrix, b: &Matrix) -> Result<(), Error> {
        use library::cublasLtMatmulDescAttributes_t as Attribute;
        let sides =
            [(Attribute::CUBLASLT_MATMUL_DESC_TRANSA, a), (Attribute::CUBLASLT_MATMUL_DESC_TRANSB, b)];
        for (side, matrix) in sides {
            let transposed = i32::from(matrix.is_transposed);
            // SAFETY: the operation is alive, and four bytes are read.
            let set = unsafe {
                lt::set_matmul_desc_attribute(self.operation, side, std::ptr::from_ref(&transposed).cast(), 4)
            };
            set.map_err(refused("cublasLtMatmulDescSetAttribute"))?;
        }
        Ok(())
    }

    /// Lets the library choose how to multiply.
    fn choose(&mut self, handle: library::cublasLtHandle_t, product: &Product) -> Result<(), Error> {
        use library::cublasLtMatmulPreferenceAttributes_t as Attribute;
        self.preference = lt::create_matmul_pref().map_err(refused("cublasLtMatmulPreferenceCreate"))?;
        let aligned = |x: &Matrix| 1u32 << x.at.trailing_zeros().min(8);
        // SAFETY: the preference is alive, and as many bytes are read as the attribute has.
        let set = |attribute, value: *const std::ffi::c_void, bytes| unsafe {
            lt::set_matmul_pref_attribute(self.preference, attribute, value, bytes)
                .map_err(refused("cublasLtMatmulPreferenceSetAttribute"))
        };
        set(Attribute::CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, std::ptr::from_ref(&WORKSPACE).cast(), 8)?;
        let alignments = [
            (Attribute::CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, aligned(&product.a)),
            (Attribute::CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, aligned(&product.b)),
            (Attribute::CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, aligned(&product.c)),
            (Attribute::CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, aligned(&product.c)),
        ];
        for (attribute, bytes) in alignments {
            set(attribute, std::ptr::from_ref(&bytes).cast(), 4)?;
        }
        let [a, b, c] = self.layouts;
        // SAFETY: all of them are alive.
        let chosen =
            unsafe { lt::get_matmul_algo_heuristic(handle, self.operation, a, b, c, c, self.preference) };
        self.algorithm = chosen.map_err(refused("cublasLtMatmulAlgoGetHeuristic"))?;
        Ok(())
    }

    fn multiply(
        &self,
        handle: library::cublasLtHandle_t,
        product: &Product,
        (workspace, bytes): (sys::CUdeviceptr, usize),
        stream: sys::CUstream,
    ) -> Result<(), Error> {
        let [alpha, beta]: [*const std::ffi::c_void; 2] = match &self.scale {
            Scale::Single(x) => [std::ptr::from_ref(&x[0]).cast(), std::ptr::from_ref(&x[1]).cast()],
            Scale::Double(x) => [std::ptr::from_ref(&x[0]).cast(), std::ptr::from_ref(&x[1]).cast()],
        };
        let [a, b, c] = self.layouts;
        let at = |matrix: &Matrix| matrix.at as *mut std::ffi::c_void;
        // SAFETY: descriptors and stream are alive, the addresses are those of memory on the device that holds the matrices, and
        // the workspace has as many bytes as the algorithm asked for.
        let done = unsafe {
            lt::matmul(
                handle,
                self.operation,
                alpha,
                beta,
                at(&product.a),
                a,
                at(&product.b),
                b,
                at(&product.c),
                c,
                at(&product.c),
                c,
                &raw const self.algorithm.algo,
                workspace as *mut std::ffi::c_void,
                bytes,
                stream.cast(),
            )
        };
        done.map_err(refused("cublasLtMatmul"))
    }
}

/// How a matrix lies.
fn layout(
    dtype: library::cudaDataType_t,
    matrix: &Matrix,
    [rows, columns]: [&usize; 2],
    batch: usize,
) -> Result<library::cublasLtMatrixLayout_t, Error> {
    use library::cublasLtMatrixLayoutAttribute_t as Attribute;
    let made = lt::create_matrix_layout(dtype, *rows as u64, *columns as u64, matrix.leading as i64);
    let made = made.map_err(refused("cublasLtMatrixLayoutCreate"))?;
    if batch > 1 {
        let (count, step) = (batch as i32, matrix.step as i64);
        let (count, step) = (std::ptr::from_ref(&count).cast(), std::ptr::from_ref(&step).cast());
        // SAFETY: the layout is alive, and as many bytes are read as the attributes have.
        let set = unsafe {
            lt::set_matrix_layout_attribute(made, Attribute::CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, count, 4)
                .and_then(|()| {
                    let offset = Attribute::CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET;
                    lt::set_matrix_layout_attribute(made, offset, step, 8)
                })
        };
        set.map_err(refused("cublasLtMatrixLayoutSetAttribute"))?;
    }
    Ok(made)
}

/// The error of a call of the library.
fn refused(call: &'static str) -> impl Fn(CublasError) -> Error {
    move |error| Error::Device { call, message: format!("{:?}", error.0) }
}
