/* A stand-in for libnvbufsurface.so, of the generation that NEW selects: it creates slots and
 * does nothing else. */
#include "../abi/layout.h"

#include <stdlib.h>

int NvBufSurfaceCreate(Surface **out, uint32_t batch, CreateParams *request) {
    Surface *surface = calloc(1, sizeof *surface);
    Params *slots = calloc(batch, sizeof *slots);
    for (uint32_t i = 0; i < batch; i++) {
        slots[i].width = request->width;
        slots[i].height = request->height;
        slots[i].colorFormat = request->colorFormat;
        slots[i].layout = request->layout;
        slots[i].dataSize = request->width * request->height * 4;
        slots[i].planeParams.num_planes = 1;
    }
    surface->batchSize = batch;
    surface->memType = request->memType;
    surface->surfaceList = slots;
    *out = surface;
    return 0;
}

int NvBufSurfaceDestroy(Surface *surface) {
    free(surface->surfaceList);
    free(surface);
    return 0;
}

#define DOES_NOTHING(name) \
    int name(void) { return 0; }

DOES_NOTHING(NvBufSurfaceMap)
DOES_NOTHING(NvBufSurfaceUnMap)
DOES_NOTHING(NvBufSurfaceSyncForCpu)
DOES_NOTHING(NvBufSurfaceSyncForDevice)
#ifndef WITHOUT_COPY
DOES_NOTHING(NvBufSurfaceCopy)
#endif
DOES_NOTHING(NvBufSurfaceMemSet)
DOES_NOTHING(NvBufSurfaceFromFd)
DOES_NOTHING(NvBufSurfaceMapEglImage)
DOES_NOTHING(NvBufSurfaceUnMapEglImage)

#ifdef NEEDS_CUDART
extern int cudaGetDeviceCount(int *count);
int uses_cudart(void) { return cudaGetDeviceCount(NULL); }
#endif
