// BLAKE3 in its mode `derive_key`, as commitments hash their leaves: chaining values of chunks of 1,024 bytes, one thread for each, then of pairs of these.
// After O'Connor, Aumasson, Neves and Wilcox-O'Hearn, BLAKE3: one function, fast everywhere, 2020, section 2.

typedef unsigned int u32;
typedef unsigned char u8;
typedef unsigned long long u64;

#define CHUNK_START 1u
#define CHUNK_END 2u
#define PARENT 4u
#define ROOT 8u
#define MATERIAL 64u

__device__ __forceinline__ u32 turned(u32 x, u32 by) { return __funnelshift_r(x, x, by); }

#define MIX(a, b, c, d, x, y)     \
    v[a] += v[b] + (x);           \
    v[d] = turned(v[d] ^ v[a], 16); \
    v[c] += v[d];                 \
    v[b] = turned(v[b] ^ v[c], 12); \
    v[a] += v[b] + (y);           \
    v[d] = turned(v[d] ^ v[a], 8);  \
    v[c] += v[d];                 \
    v[b] = turned(v[b] ^ v[c], 7);

// The chaining value after a block of so many bytes, in place of the one before.
__device__ void compress(u32* h, const u32* block, u64 counter, u32 bytes, u32 flags) {
    u32 v[16] = {h[0], h[1], h[2], h[3], h[4], h[5], h[6], h[7], 0x6a09e667u, 0xbb67ae85u, 0x3c6ef372u, 0xa54ff53au,
                 (u32)counter, (u32)(counter >> 32), bytes, flags};
    u32 m[16];
#pragma unroll
    for (int i = 0; i < 16; i++) m[i] = block[i];
#pragma unroll
    for (int round = 0; round < 7; round++) {
        MIX(0, 4, 8, 12, m[0], m[1])
        MIX(1, 5, 9, 13, m[2], m[3])
        MIX(2, 6, 10, 14, m[4], m[5])
        MIX(3, 7, 11, 15, m[6], m[7])
        MIX(0, 5, 10, 15, m[8], m[9])
        MIX(1, 6, 11, 12, m[10], m[11])
        MIX(2, 7, 8, 13, m[12], m[13])
        MIX(3, 4, 9, 14, m[14], m[15])
        u32 p[16] = {m[2], m[6], m[3], m[10], m[7], m[0], m[4], m[13], m[1], m[11], m[12], m[5], m[9], m[14], m[15], m[8]};
#pragma unroll
        for (int i = 0; i < 16; i++) m[i] = p[i];
    }
#pragma unroll
    for (int i = 0; i < 8; i++) h[i] = v[i] ^ v[i + 8];
}

// Numbers as a commitment has them: of each of `count` numbers of `from` bytes the first `width`, one after the other, and zeros behind them up to `words` words.
extern "C" __global__ void hash_pack(const u8* in, u32 from, u64 count, u32 width, u32* out, u32 words) {
    u32 i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= words) return;
    u64 entry = (u64)i * 4 / width;
    u32 part = (u32)((u64)i * 4 % width), word = 0;
#pragma unroll
    for (int b = 0; b < 4; b++) {
        if (entry < count) word |= (u32)in[entry * from + part] << (8 * b);
        if (++part == width) {
            part = 0;
            entry++;
        }
    }
    out[i] = word;
}

// `bytes` has `length` bytes and zeros behind them up to a whole number of chunks, at least one. `key` is the context key, 8 words; `out` gets 8 words for each chunk.
extern "C" __global__ void hash_chunks(const u32* bytes, u64 length, const u32* key, u32* out, u32 chunks) {
    u32 i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= chunks) return;
    u64 rest = length - (u64)i * 1024;
    u32 own = rest < 1024 ? (u32)rest : 1024;
    u32 blocks = own == 0 ? 1 : (own + 63) / 64;
    u32 h[8], block[16];
#pragma unroll
    for (int j = 0; j < 8; j++) h[j] = key[j];
    const u32* from = bytes + (unsigned long long)i * 256;
    for (u32 b = 0; b < blocks; b++) {
#pragma unroll
        for (int j = 0; j < 16; j++) block[j] = from[b * 16 + j];
        bool last = b + 1 == blocks;
        u32 flags = MATERIAL | (b == 0 ? CHUNK_START : 0) | (last ? CHUNK_END | (chunks == 1 ? ROOT : 0) : 0);
        compress(h, block, i, last ? own - b * 64 : 64, flags);
    }
#pragma unroll
    for (int j = 0; j < 8; j++) out[(unsigned long long)i * 8 + j] = h[j];
}

// One row of the tree from `nodes` of the row below: pairs, and the last one alone where it has no neighbour.
extern "C" __global__ void hash_parents(const u32* in, const u32* key, u32* out, u32 nodes) {
    u32 i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= (nodes + 1) / 2) return;
    const u32* from = in + (unsigned long long)i * 16;
    u32 h[8], block[16];
    if (2 * i + 1 == nodes) {
#pragma unroll
        for (int j = 0; j < 8; j++) h[j] = from[j];
    } else {
#pragma unroll
        for (int j = 0; j < 8; j++) h[j] = key[j];
#pragma unroll
        for (int j = 0; j < 16; j++) block[j] = from[j];
        compress(h, block, 0, 64, MATERIAL | PARENT | (nodes == 2 ? ROOT : 0));
    }
#pragma unroll
    for (int j = 0; j < 8; j++) out[(unsigned long long)i * 8 + j] = h[j];
}
