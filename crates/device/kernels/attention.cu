// Attention with an integer softmax, all heads and queries of a block of tokens over the keys of a chunk pair or of all positions before: the operation
// `Attention::head` of the crate `exact`, with its scores, weights and weighted sums. One block of threads for each query of each head.

typedef unsigned int u32;
typedef unsigned long long u64;
typedef long long i64;

// Threads of a block, a power of two.
#define THREADS 128
#define LEAST ((i64)0x8000000000000000LL)
#define MOST ((i64)0x7fffffffffffffffLL)

// floor(a multiplier / 2^shift + 1/2) for a >= 0, a multiplier of 31 bits and a shift of at most 62; what has more than 63 bits becomes the largest number.
__device__ __forceinline__ i64 scaled(i64 a, u32 multiplier, u32 shift) {
    u64 low = (u64)a * multiplier, high = __umul64hi((u64)a, multiplier);
    u64 half = (1ULL << shift) >> 1, sum = low + half;
    high += sum < low;
    u64 over = high >> shift;
    u64 rounded = shift == 0 ? sum : (sum >> shift) | (high << (64 - shift));
    return over != 0 || (i64)rounded < 0 ? MOST : (i64)rounded;
}

// The weight of a score at this scaled distance from the largest: floor(32767 powers[t % 1024] / 2^(30 + t / 1024) + 1/2).
__device__ __forceinline__ short weight(const u32* powers, i64 t) {
    u64 shift = 30 + min((u64)t >> 10, (u64)33);
    return (short)((32767ULL * powers[t & 1023] + (1ULL << (shift - 1))) >> shift);
}

// q: rows by heads times width. k and v: keys by kv_heads times width. scores, weights: heads by rows by keys. sums: heads by rows by width.
// The query in row t sees the keys up to first + t, of these the last `window`. Grid: rows, then heads.
extern "C" __global__ void attention(const short* q, const short* k, const short* v, const u32* powers, i64* scores,
                                     short* weights, i64* sums, u32 rows, u32 keys, u32 heads, u32 kv_heads, u32 width,
                                     u32 first, u32 window, u32 multiplier, u32 shift) {
    __shared__ i64 largest[THREADS];
    u32 t = blockIdx.x, h = blockIdx.y, own = threadIdx.x, kv = h / (heads / kv_heads);
    u32 end = first + t + 1, start = end - min(window, end);
    unsigned long long line = (unsigned long long)h * rows + t, row = (unsigned long long)kv_heads * width;
    const short* query = q + ((unsigned long long)t * heads + h) * width;
    i64* score = scores + line * keys;
    short* w = weights + line * keys;
    i64 most = LEAST;
    for (u32 j = own; j < keys; j += THREADS) {
        const short* key = k + (unsigned long long)j * row + (unsigned long long)kv * width;
        i64 sum = 0;
        for (u32 c = 0; c < width; c++) sum += (i64)((int)query[c] * (int)key[c]);
        score[j] = sum;
        if (j >= start && j < end) most = max(most, sum);
    }
    largest[own] = most;
    __syncthreads();
    for (u32 far = THREADS / 2; far > 0; far /= 2) {
        if (own < far) largest[own] = max(largest[own], largest[own + far]);
        __syncthreads();
    }
    most = largest[0];
    for (u32 j = own; j < keys; j += THREADS) {
        bool seen = j >= start && j < end;
        // Scores are at most 2^50 in size, so their difference fits.
        w[j] = seen ? weight(powers, scaled(most - score[j], multiplier, shift)) : (short)0;
    }
    __syncthreads();
    for (u32 c = own; c < width; c += THREADS) {
        i64 sum = 0;
        for (u32 j = start; j < end; j++) sum += (i64)((int)w[j] * (int)v[(unsigned long long)j * row + (unsigned long long)kv * width + c]);
        sums[line * width + c] = sum;
    }
}
