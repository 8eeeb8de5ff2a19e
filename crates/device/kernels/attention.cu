// Attention with an integer softmax, all heads and queries of a block of tokens over the keys of all positions before, or of two chunks of which the later one is its own:
// the operations `Attention::head` and `Pair::grouped` of the crate `exact`, with scores, weights and weighted sums. One block of threads for each query of each head.

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

// What all queries share. q: rows by heads times width. k and v: as many rows as there are keys, by kv_heads times width. scores, weights: heads by rows by columns.
// sums: heads by rows by width and one more, which is the total of the weights.
struct Shared {
    const short* q;
    const short* k;
    const short* v;
    const u32* powers;
    i64* scores;
    short* weights;
    i64* sums;
    u32 rows, columns, heads, kv_heads, width, multiplier, shift;
};

// What the query of a block of threads sees: the columns from `start` to `end`, of a row in which the first `before` columns are the keys from row `low` on, and the
// others those from row `high` on. Keys that it does not see have their score where `everything`, and otherwise 0.
struct Sight {
    u32 start, end, before, low, high;
    bool everything;
};

__device__ __forceinline__ unsigned long long key_at(const Shared& s, const Sight& sight, u32 kv, u32 j) {
    unsigned long long row = j < sight.before ? (unsigned long long)sight.low + j : (unsigned long long)sight.high + (j - sight.before);
    return (row * s.kv_heads + kv) * s.width;
}

__device__ __forceinline__ void query(const Shared& s, const Sight& sight, i64* largest) {
    u32 t = blockIdx.x, h = blockIdx.y, own = threadIdx.x, kv = h / (s.heads / s.kv_heads);
    unsigned long long line = (unsigned long long)h * s.rows + t;
    const short* asked = s.q + ((unsigned long long)t * s.heads + h) * s.width;
    i64* score = s.scores + line * s.columns;
    short* w = s.weights + line * s.columns;
    i64* out = s.sums + line * ((unsigned long long)s.width + 1);
    i64 most = LEAST;
    for (u32 j = own; j < s.columns; j += THREADS) {
        bool seen = j >= sight.start && j < sight.end;
        i64 sum = 0;
        if (sight.everything || seen) {
            const short* key = s.k + key_at(s, sight, kv, j);
            for (u32 c = 0; c < s.width; c++) sum += (i64)((int)asked[c] * (int)key[c]);
        }
        score[j] = sum;
        if (seen) most = max(most, sum);
    }
    largest[own] = most;
    __syncthreads();
    for (u32 far = THREADS / 2; far > 0; far /= 2) {
        if (own < far) largest[own] = max(largest[own], largest[own + far]);
        __syncthreads();
    }
    most = largest[0];
    for (u32 j = own; j < s.columns; j += THREADS) {
        bool seen = j >= sight.start && j < sight.end;
        // Scores are at most 2^50 in size, so their difference fits.
        w[j] = seen ? weight(s.powers, scaled(most - score[j], s.multiplier, s.shift)) : (short)0;
    }
    __syncthreads();
    for (u32 c = own; c <= s.width; c += THREADS) {
        i64 sum = 0;
        if (c == s.width) {
            for (u32 j = sight.start; j < sight.end; j++) sum += w[j];
        } else {
            for (u32 j = sight.start; j < sight.end; j++) sum += (i64)((int)w[j] * (int)s.v[key_at(s, sight, kv, j) + c]);
        }
        out[c] = sum;
    }
}

// The query in row t sees the keys up to first + t, of these the last `window`, and a column is a key. Grid: rows, then heads.
extern "C" __global__ void attention(const short* q, const short* k, const short* v, const u32* powers, i64* scores,
                                     short* weights, i64* sums, u32 rows, u32 keys, u32 heads, u32 kv_heads, u32 width,
                                     u32 multiplier, u32 shift, u32 first, u32 window) {
    __shared__ i64 largest[THREADS];
    Shared shared = {q, k, v, powers, scores, weights, sums, rows, keys, heads, kv_heads, width, multiplier, shift};
    u32 end = first + blockIdx.x + 1;
    Sight sight = {end - min(window, end), end, 0, 0, 0, true};
    query(shared, sight, largest);
}

// Chunks have `chunk` tokens, and a row a column for each token of two. The query in row t stands at position first + t, and sees its own chunk up to itself and the one
// that is `far` before, where there is one; the first key is that of position `from`. Grid: rows, then heads.
extern "C" __global__ void attention_pairs(const short* q, const short* k, const short* v, const u32* powers, i64* scores,
                                           short* weights, i64* sums, u32 rows, u32 columns, u32 heads, u32 kv_heads,
                                           u32 width, u32 multiplier, u32 shift, u32 first, u32 chunk, u32 far, u32 from) {
    __shared__ i64 largest[THREADS];
    Shared shared = {q, k, v, powers, scores, weights, sums, rows, columns, heads, kv_heads, width, multiplier, shift};
    u32 position = first + blockIdx.x, own = position / chunk, place = position % chunk;
    bool two = own >= far;
    // The first key that is needed stands at position `from` or later, so nothing wraps.
    Sight sight = {two ? 0 : chunk, chunk + place + 1, chunk, two ? (own - far) * chunk - from : 0, own * chunk - from, false};
    query(shared, sight, largest);
}
