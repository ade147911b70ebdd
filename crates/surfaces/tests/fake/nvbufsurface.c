/* A stand-in for libnvbufsurface.so that lays RGBA, GRAY8 and NV12 out as the library does. Fresh
 * pixels are not zero. Slots are evenly spaced only if that is asked for, and not in system memory. */
#include "nvbufsurface.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    uint32_t gpuId, width, height, size;
    uint8_t isContiguous;
    uint32_t colorFormat, layout, memType;
    void *reserved[4];
} CreateParams;

/* For tests: surfaces that exist. */
static _Atomic int live;
int fake_live(void) { return live; }

static uint32_t align(uint32_t value, uint32_t unit) { return (value + unit - 1) / unit * unit; }

static void add_plane(Slot *slot, uint32_t width, uint32_t height, uint32_t bytes) {
    Planes *planes = &slot->planes;
    uint32_t index = planes->num_planes++;
    planes->width[index] = width;
    planes->height[index] = height;
    planes->bytesPerPix[index] = bytes;
    planes->pitch[index] = align(width * bytes, 512);
    planes->offset[index] = slot->dataSize;
    planes->psize[index] = planes->pitch[index] * height;
    slot->dataSize += planes->psize[index];
}

enum { SYSTEM = 6 };

static void allocate(Surface *surface, int contiguous) {
    Slot *slots = surface->surfaceList;
    size_t size = slots[0].dataSize;
    surface->isContiguous = contiguous;
    char *whole = contiguous ? malloc(size * surface->batchSize) : NULL;
    for (uint32_t i = 0; i < surface->batchSize; i++) {
        /* Every other slot is larger, so that distances differ. */
        slots[i].dataPtr = contiguous ? whole + i * size : malloc(size * (1 + i % 2 * 200));
        memset(slots[i].dataPtr, 0xee, size);
    }
}

int NvBufSurfaceCreate(Surface **out, uint32_t batch, CreateParams *request) {
    if (batch == 0 || request->memType == 4 || request->memType == 5) {
        return -1;
    }
    Surface *surface = calloc(1, sizeof *surface);
    surface->gpuId = request->gpuId;
    surface->batchSize = batch;
    surface->memType = request->memType ? request->memType : 2;
    surface->surfaceList = calloc(batch, sizeof(Slot));
    for (uint32_t i = 0; i < batch; i++) {
        Slot *slot = &surface->surfaceList[i];
        uint32_t width = align(request->width, 2), height = align(request->height, 2);
        slot->width = request->width;
        slot->height = request->height;
        slot->colorFormat = request->colorFormat;
        switch (request->colorFormat) {
        case 19:
            add_plane(slot, width, height, 4);
            break;
        case 1:
            add_plane(slot, width, height, 1);
            break;
        case 6:
            add_plane(slot, width, height, 1);
            add_plane(slot, width / 2, height / 2, 2);
            break;
        default:
            return -1;
        }
        slot->pitch = slot->planes.pitch[0];
    }
    allocate(surface, request->isContiguous && surface->memType != SYSTEM);
    live++;
    *out = surface;
    return 0;
}

int NvBufSurfaceDestroy(Surface *surface) {
    for (uint32_t i = 0; i < (surface->isContiguous ? 1 : surface->batchSize); i++) {
        free(surface->surfaceList[i].dataPtr);
    }
    free(surface->surfaceList);
    free(surface);
    live--;
    return 0;
}

#define DOES_NOTHING(name) \
    int name(void) { return 0; }

DOES_NOTHING(NvBufSurfaceMap)
DOES_NOTHING(NvBufSurfaceUnMap)
DOES_NOTHING(NvBufSurfaceSyncForCpu)
DOES_NOTHING(NvBufSurfaceSyncForDevice)
DOES_NOTHING(NvBufSurfaceCopy)
DOES_NOTHING(NvBufSurfaceMemSet)
DOES_NOTHING(NvBufSurfaceFromFd)
DOES_NOTHING(NvBufSurfaceMapEglImage)
DOES_NOTHING(NvBufSurfaceUnMapEglImage)
