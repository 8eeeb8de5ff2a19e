// Linear layers y = W x over the integers: y[t * m + i] is the sum over j of w[i][j] * x[t][j].
//
// Every row of W and of x has `stride` bytes, a multiple of 32, of which those behind the last column are 0. A number of 16 bits is
// 256 h + l with h from -128 to 127 and l from 0 to 255; its two bytes stand in planes of their own, so that a row is the same kind of thing on both grids.
// Sums are those of the crate `exact`: addition is associative, so their order does not matter, and no partial sum leaves its type:
// - of 8 bits, there are at most 2^17 - 1 columns, and a sum of some products is below 2^31 in size;
// - of 16 bits, there are at most 2^20 columns. How many products are added in 32 bits stands where it is done.

typedef unsigned int u32;
typedef unsigned char u8;
typedef long long i64;

#define WARP 32
#define ALL 0xffffffffu
// Bytes that one lane takes at once.
#define PACK 16
// Tokens of a tile of the matrix unit, times how many tiles a warp has side by side.
#define TILE 8
#define TILES 4
// Columns after which sums of 16 bits are moved to 64 bits: 2 * 128 * 255 * 16384 < 2^31, and 255 * 255 * 16384 < 2^31.
#define BLOCK 16384

__device__ __forceinline__ int dot_ss(int a, int b, int c) {
    int d;
    asm("dp4a.s32.s32 %0, %1, %2, %3;" : "=r"(d) : "r"(a), "r"(b), "r"(c));
    return d;
}

__device__ __forceinline__ int dot_su(int a, int b, int c) {
    int d;
    asm("dp4a.s32.u32 %0, %1, %2, %3;" : "=r"(d) : "r"(a), "r"(b), "r"(c));
    return d;
}

__device__ __forceinline__ u32 dot_uu(int a, int b, u32 c) {
    u32 d;
    asm("dp4a.u32.u32 %0, %1, %2, %3;" : "=r"(d) : "r"(a), "r"(b), "r"(c));
    return d;
}

__device__ __forceinline__ i64 total(i64 sum) {
    for (int far = WARP / 2; far > 0; far /= 2) sum += __shfl_xor_sync(ALL, sum, far);
    return sum;
}

// One warp for each sum. Grid: rows of W divided by the warps of a block, then tokens.
extern "C" __global__ void linear_i8(const u8* w, const u8* x, int* y, u32 m, u32 stride) {
    u32 i = blockIdx.x * blockDim.y + threadIdx.y, t = blockIdx.y;
    if (i >= m) return;
    const u8* row = w + (unsigned long long)i * stride;
    const u8* token = x + (unsigned long long)t * stride;
    int sum = 0;
    for (u32 j = threadIdx.x * PACK; j < stride; j += WARP * PACK) {
        int4 a = *(const int4*)(row + j), b = *(const int4*)(token + j);
        sum = dot_ss(a.x, b.x, sum);
        sum = dot_ss(a.y, b.y, sum);
        sum = dot_ss(a.z, b.z, sum);
        sum = dot_ss(a.w, b.w, sum);
    }
    for (int far = WARP / 2; far > 0; far /= 2) sum += __shfl_xor_sync(ALL, sum, far);
    if (threadIdx.x == 0) y[(unsigned long long)t * m + i] = sum;
}

// The same of 16 bits. A lane has at most 2^15 columns: 2 * 128 * 255 * 2^15 < 2^31, and 255 * 255 * 2^15 < 2^32.
extern "C" __global__ void linear_i16(const u8* w_high, const u8* w_low, const u8* x_high, const u8* x_low, i64* y, u32 m,
                                      u32 stride) {
    u32 i = blockIdx.x * blockDim.y + threadIdx.y, t = blockIdx.y;
    if (i >= m) return;
    unsigned long long row = (unsigned long long)i * stride, token = (unsigned long long)t * stride;
    int high = 0, mixed = 0;
    u32 low = 0;
    for (u32 j = threadIdx.x * PACK; j < stride; j += WARP * PACK) {
        int4 ah = *(const int4*)(w_high + row + j), al = *(const int4*)(w_low + row + j);
        int4 bh = *(const int4*)(x_high + token + j), bl = *(const int4*)(x_low + token + j);
        high = dot_ss(ah.x, bh.x, high);
        high = dot_ss(ah.y, bh.y, high);
        high = dot_ss(ah.z, bh.z, high);
        high = dot_ss(ah.w, bh.w, high);
        mixed = dot_su(ah.x, bl.x, mixed);
        mixed = dot_su(ah.y, bl.y, mixed);
        mixed = dot_su(ah.z, bl.z, mixed);
        mixed = dot_su(ah.w, bl.w, mixed);
        mixed = dot_su(bh.x, al.x, mixed);
        mixed = dot_su(bh.y, al.y, mixed);
        mixed = dot_su(bh.z, al.z, mixed);
        mixed = dot_su(bh.w, al.w, mixed);
        low = dot_uu(al.x, bl.x, low);
        low = dot_uu(al.y, bl.y, low);
        low = dot_uu(al.z, bl.z, low);
        low = dot_uu(al.w, bl.w, low);
    }
    i64 sum = total(65536 * (i64)high + 256 * (i64)mixed + (i64)low);
    if (threadIdx.x == 0) y[(unsigned long long)t * m + i] = sum;
}

// D = A B + D for a tile of 16 rows by 32 columns of W and one of 32 columns by 8 tokens. Which entries a lane holds is said by the manual of PTX for
// `mma.m16n8k32` with operands of 8 bits: with g = lane / 4 and q = lane % 4, four neighbours of A from column 4 q in row g, row g + 8, and both again
// 16 columns further; of B from column 4 q of token g, and 16 columns further; of D tokens 2 q and 2 q + 1 in row g, then in row g + 8.
#define TILE_PRODUCT(name, kind)                                                                                      \
    __device__ __forceinline__ void name(int* d, const int* a, const int* b) {                                        \
        asm("mma.sync.aligned.m16n8k32.row.col.s32." kind ".s32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};" \
            : "+r"(d[0]), "+r"(d[1]), "+r"(d[2]), "+r"(d[3])                                                          \
            : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));                                      \
    }
TILE_PRODUCT(tile_ss, "s8.s8")
TILE_PRODUCT(tile_su, "s8.u8")
TILE_PRODUCT(tile_us, "u8.s8")
TILE_PRODUCT(tile_uu, "u8.u8")

__device__ __forceinline__ void load_rows(int* a, const u8* w, u32 first, u32 m, u32 stride, u32 j) {
    u32 g = threadIdx.x / 4, q = threadIdx.x % 4;
    // Rows behind the last are read as the last one, and what comes of them is not written.
    const u8* upper = w + (unsigned long long)min(first + g, m - 1) * stride + j + 4 * q;
    const u8* lower = w + (unsigned long long)min(first + g + 8, m - 1) * stride + j + 4 * q;
    a[0] = *(const int*)upper;
    a[1] = *(const int*)lower;
    a[2] = *(const int*)(upper + 16);
    a[3] = *(const int*)(lower + 16);
}

__device__ __forceinline__ void load_tokens(int* b, const u8* x, u32 first, u32 n, u32 stride, u32 j) {
    u32 g = threadIdx.x / 4, q = threadIdx.x % 4;
    const u8* at = x + (unsigned long long)min(first + g, n - 1) * stride + j + 4 * q;
    b[0] = *(const int*)at;
    b[1] = *(const int*)(at + 16);
}

// One warp for 16 rows of W and 32 tokens. Grid: tokens divided by 32, then rows divided by 16 times the warps of a block.
extern "C" __global__ void tiles_i8(const u8* w, const u8* x, int* y, u32 m, u32 n, u32 stride) {
    u32 row = (blockIdx.y * blockDim.y + threadIdx.y) * 16, token = blockIdx.x * TILE * TILES;
    if (row >= m) return;
    int d[TILES][4] = {};
    for (u32 j = 0; j < stride; j += 32) {
        int a[4], b[2];
        load_rows(a, w, row, m, stride, j);
#pragma unroll
        for (int s = 0; s < TILES; s++) {
            load_tokens(b, x, token + s * TILE, n, stride, j);
            tile_ss(d[s], a, b);
        }
    }
    u32 g = threadIdx.x / 4, q = threadIdx.x % 4;
#pragma unroll
    for (int s = 0; s < TILES; s++) {
#pragma unroll
        for (int e = 0; e < 4; e++) {
            u32 i = row + g + 8 * (e / 2), t = token + s * TILE + 2 * q + e % 2;
            if (i < m && t < n) y[(unsigned long long)t * m + i] = d[s][e];
        }
    }
}

// The same of 16 bits, 16 rows and 16 tokens for a warp. Grid: tokens divided by 16, then rows divided by 16 times the warps of a block.
extern "C" __global__ void tiles_i16(const u8* w_high, const u8* w_low, const u8* x_high, const u8* x_low, i64* y, u32 m,
                                     u32 n, u32 stride) {
    u32 row = (blockIdx.y * blockDim.y + threadIdx.y) * 16, token = blockIdx.x * TILE * 2;
    if (row >= m) return;
    i64 sum[2][4] = {};
    for (u32 from = 0; from < stride; from += BLOCK) {
        u32 to = min(from + BLOCK, stride);
        int high[2][4] = {}, mixed[2][4] = {}, low[2][4] = {};
        for (u32 j = from; j < to; j += 32) {
            int ah[4], al[4], bh[2], bl[2];
            load_rows(ah, w_high, row, m, stride, j);
            load_rows(al, w_low, row, m, stride, j);
#pragma unroll
            for (int s = 0; s < 2; s++) {
                load_tokens(bh, x_high, token + s * TILE, n, stride, j);
                load_tokens(bl, x_low, token + s * TILE, n, stride, j);
                tile_ss(high[s], ah, bh);
                tile_su(mixed[s], ah, bl);
                tile_us(mixed[s], al, bh);
                tile_uu(low[s], al, bl);
            }
        }
#pragma unroll
        for (int s = 0; s < 2; s++) {
#pragma unroll
            for (int e = 0; e < 4; e++) sum[s][e] += 65536 * (i64)high[s][e] + 256 * (i64)mixed[s][e] + (i64)low[s][e];
        }
    }
    u32 g = threadIdx.x / 4, q = threadIdx.x % 4;
#pragma unroll
    for (int s = 0; s < 2; s++) {
#pragma unroll
        for (int e = 0; e < 4; e++) {
            u32 i = row + g + 8 * (e / 2), t = token + s * TILE + 2 * q + e % 2;
            if (i < m && t < n) y[(unsigned long long)t * m + i] = sum[s][e];
        }
    }
}
