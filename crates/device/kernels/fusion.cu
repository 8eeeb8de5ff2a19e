// One operation of a fusion program of the crate `exact`, for all numbers of its result: one thread for each number.
//
// A value has a number for each worker w of n and coordinate c of d, at w * workers + c * coords; a step of 0 where it does not vary. No sum or product leaves 64 bits,
// as the checks of the program have bounded it.

typedef unsigned int u32;
typedef long long i64;

struct Value {
    const i64* at;
    u32 workers;
    u32 coords;
};

__device__ __forceinline__ i64 get(const Value& v, u32 w, u32 c) {
    return v.at[(unsigned long long)w * v.workers + (unsigned long long)c * v.coords];
}

// floor(a / b), and 0 for b = 0.
__device__ __forceinline__ i64 quotient(i64 a, i64 b) {
    if (b == 0) return 0;
    if (b < 0) {
        a = -a;
        b = -b;
    }
    i64 whole = a / b;
    return whole * b > a ? whole - 1 : whole;
}

// Threads of a block of `fusion_sums`, a power of two.
#define THREADS 128

// Sums over the coordinates, operation 17 of the bytes of a program: one block for each number of the result, which is one worker's, or all there is.
extern "C" __global__ void fusion_sums(i64* out, const i64* a_at, u32 a_workers, u32 a_coords, u32 d) {
    __shared__ i64 part[THREADS];
    Value a = {a_at, a_workers, a_coords};
    u32 own = threadIdx.x;
    i64 sum = 0;
    for (u32 v = own; v < d; v += THREADS) sum += get(a, blockIdx.x, v);
    part[own] = sum;
    __syncthreads();
    for (u32 far = THREADS / 2; far > 0; far /= 2) {
        if (own < far) part[own] += part[own + far];
        __syncthreads();
    }
    if (own == 0) out[blockIdx.x] = part[0];
}

// The numbers of operations are those of the bytes of a program, but for sums over coordinates. `number` is a constant, a shift, a worker, or the least argument of a table; `table` has `entries` numbers.
extern "C" __global__ void fusion(u32 op, i64* out, u32 out_workers, u32 out_coords, const i64* a_at, u32 a_workers,
                                  u32 a_coords, const i64* b_at, u32 b_workers, u32 b_coords, const i64* c_at,
                                  u32 c_workers, u32 c_coords, i64 number, const i64* table, u32 entries, u32 n, u32 d) {
    Value a = {a_at, a_workers, a_coords}, b = {b_at, b_workers, b_coords}, s = {c_at, c_workers, c_coords};
    unsigned long long place = (unsigned long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (place >= (unsigned long long)out_workers * out_coords) return;
    u32 w = (u32)(place / out_coords), c = (u32)(place % out_coords);
    i64 x = 0;
    unsigned long long to = place;
    switch (op) {
        case 0: x = number; break;
        case 1: x = get(a, w, c); break;
        case 2: x = w; break;
        case 3: x = c; break;
        case 4: x = get(a, w, c) + get(b, w, c); break;
        case 5: x = get(a, w, c) - get(b, w, c); break;
        case 6: x = get(a, w, c) * get(b, w, c); break;
        case 7: x = quotient(get(a, w, c), get(b, w, c)); break;
        case 8: x = (get(a, w, c) + (1LL << (number - 1))) >> number; break;
        case 9: x = min(get(a, w, c), get(b, w, c)); break;
        case 10: x = max(get(a, w, c), get(b, w, c)); break;
        case 11: x = max(get(b, w, c), min(get(s, w, c), get(a, w, c))); break;
        case 12: x = get(a, w, c) < get(b, w, c); break;
        case 13: x = get(a, w, c) == get(b, w, c); break;
        case 14: x = get(a, w, c) != 0 ? get(b, w, c) : get(s, w, c); break;
        case 15: {
            i64 i = get(a, w, c) - number;
            x = i >= 0 && i < entries ? table[i] : 0;
            break;
        }
        case 16:
            for (u32 v = 0; v < n; v++) x += get(a, v, c);
            break;
        case 18: {
            // Each number is written where as many are before it, so each place is written once.
            x = get(a, w, c);
            u32 before = 0;
            for (u32 v = 0; v < n; v++) {
                i64 other = get(a, v, c);
                before += other < x || (other == x && v < w);
            }
            to = (unsigned long long)before * out_coords + c;
            break;
        }
        case 19: x = get(a, (u32)number, c); break;
        case 20: {
            i64 i = get(b, 0, c);
            x = get(a, i >= 0 && i < n ? (u32)i : 0, c);
            break;
        }
        case 21: {
            i64 most = get(a, 0, c);
            for (u32 v = 1; v < n; v++) {
                i64 other = get(a, v, c);
                if (other > most) {
                    most = other;
                    x = v;
                }
            }
            break;
        }
        case 22:
            for (u32 v = 0; v < n; v++) x += get(a, v, c) == get(a, w, c);
            break;
        default: return;
    }
    out[to] = x;
}
