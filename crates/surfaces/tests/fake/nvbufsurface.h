/* The structs of DeepStream 8.0 and later, as far as the stand-ins use them. */
#include <stdint.h>

typedef struct {
    uint32_t num_planes, width[4], height[4], pitch[4], offset[4], psize[4], bytesPerPix[4];
    void *reserved[16];
} Planes;

typedef struct {
    uint32_t width, height, pitch, colorFormat, layout;
    uint64_t bufferDesc;
    uint32_t dataSize;
    void *dataPtr;
    Planes planes;
    void *rest[17];
} Slot;
_Static_assert(sizeof(Slot) == 416, "one slot");

typedef struct {
    uint32_t gpuId, batchSize, numFilled;
    uint8_t isContiguous;
    uint32_t memType;
    Slot *surfaceList;
    uint8_t isImportedBuf;
    void *reserved[4];
} Surface;
_Static_assert(sizeof(Surface) == 72, "the descriptor");
