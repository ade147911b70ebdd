/* Sizes and offsets of the generation that -DNEW=0 or -DNEW=1 selects. */
#include "layout.h"

int main(void) {
    SIZE(PlaneParams);
    OFFSET(PlaneParams, num_planes);
    OFFSET(PlaneParams, width);
    OFFSET(PlaneParams, height);
    OFFSET(PlaneParams, pitch);
    OFFSET(PlaneParams, offset);
    OFFSET(PlaneParams, psize);
    OFFSET(PlaneParams, bytesPerPix);
    OFFSET(PlaneParams, reserved);

    SIZE(MappedAddr);
    OFFSET(MappedAddr, addr);
    OFFSET(MappedAddr, eglImage);
    OFFSET(MappedAddr, reserved);

    SIZE(Params);
    OFFSET(Params, width);
    OFFSET(Params, height);
    OFFSET(Params, pitch);
    OFFSET(Params, colorFormat);
    OFFSET(Params, layout);
    OFFSET(Params, bufferDesc);
    OFFSET(Params, dataSize);
    OFFSET(Params, dataPtr);
    OFFSET(Params, planeParams);
    OFFSET(Params, mappedAddr);
    OFFSET(Params, mappedAddr.eglImage);
    OFFSET(Params, mappedAddr.reserved);
    OFFSET(Params, paramex);
    OFFSET(Params, reserved);

    SIZE(Surface);
    OFFSET(Surface, gpuId);
    OFFSET(Surface, batchSize);
    OFFSET(Surface, numFilled);
    OFFSET(Surface, isContiguous);
    OFFSET(Surface, memType);
    OFFSET(Surface, surfaceList);
    OFFSET(Surface, reserved);

    SIZE(CreateParams);
    OFFSET(CreateParams, gpuId);
    OFFSET(CreateParams, width);
    OFFSET(CreateParams, height);
    OFFSET(CreateParams, size);
    OFFSET(CreateParams, isContiguous);
    OFFSET(CreateParams, colorFormat);
    OFFSET(CreateParams, layout);
    OFFSET(CreateParams, memType);

    SIZE(AllocateParams);
    OFFSET(AllocateParams, params);
    OFFSET(AllocateParams, displayscanformat);
    OFFSET(AllocateParams, chromaSubsampling);
    OFFSET(AllocateParams, memtag);
    OFFSET(AllocateParams, disablePitchPadding);
    OFFSET(AllocateParams, reservedParam);
    OFFSET(AllocateParams, reserved);

    SIZE(ChromaSubsampling);
    OFFSET(ChromaSubsampling, chromaLocHoriz);
    OFFSET(ChromaSubsampling, chromaLocVert);

    SIZE(PlaneParamsEx);
    OFFSET(PlaneParamsEx, scanformat);
    OFFSET(PlaneParamsEx, secondfieldoffset);
    OFFSET(PlaneParamsEx, blockheightlog2);
    OFFSET(PlaneParamsEx, physicaladdress);
    OFFSET(PlaneParamsEx, flags);
    OFFSET(PlaneParamsEx, drmModifier);
    OFFSET(PlaneParamsEx, reserved);

    SIZE(ParamsEx);
    OFFSET(ParamsEx, startofvaliddata);
    OFFSET(ParamsEx, sizeofvaliddatainbytes);
    OFFSET(ParamsEx, chromaSubsampling);
    OFFSET(ParamsEx, is_protected);
    OFFSET(ParamsEx, planeParamsex);
    OFFSET(ParamsEx, reserved);

    SIZE(MapPlaneParams);
    OFFSET(MapPlaneParams, width);
    OFFSET(MapPlaneParams, height);
    OFFSET(MapPlaneParams, pitch);
    OFFSET(MapPlaneParams, offset);
    OFFSET(MapPlaneParams, psize);
    OFFSET(MapPlaneParams, secondfieldoffset);
    OFFSET(MapPlaneParams, blockheightlog2);
    OFFSET(MapPlaneParams, flags);
    OFFSET(MapPlaneParams, reserved);

    SIZE(MapParams);
    OFFSET(MapParams, num_planes);
    OFFSET(MapParams, gpuId);
    OFFSET(MapParams, fd);
    OFFSET(MapParams, totalSize);
    OFFSET(MapParams, memType);
    OFFSET(MapParams, layout);
    OFFSET(MapParams, scanformat);
    OFFSET(MapParams, colorFormat);
    OFFSET(MapParams, chromaSubsampling);
    OFFSET(MapParams, planes);
    OFFSET(MapParams, reserved);

    SIZE(Rect);
    OFFSET(Rect, top);
    OFFSET(Rect, left);
    OFFSET(Rect, width);
    OFFSET(Rect, height);

    SIZE(ConfigParams);
    OFFSET(ConfigParams, compute_mode);
    OFFSET(ConfigParams, gpu_id);
    OFFSET(ConfigParams, cuda_stream);

    SIZE(TransformParams);
    OFFSET(TransformParams, transform_flag);
    OFFSET(TransformParams, transform_flip);
    OFFSET(TransformParams, transform_filter);
    OFFSET(TransformParams, src_rect);
    OFFSET(TransformParams, dst_rect);

    SIZE(CompositeParams);
    OFFSET(CompositeParams, composite_flag);
    OFFSET(CompositeParams, input_buf_count);
    OFFSET(CompositeParams, src_comp_rect);
    OFFSET(CompositeParams, dst_comp_rect);
    OFFSET(CompositeParams, composite_filter);

    SIZE(ColorParams);
    OFFSET(ColorParams, red);
    OFFSET(ColorParams, green);
    OFFSET(ColorParams, blue);
    OFFSET(ColorParams, alpha);

    SIZE(CompositeBlendParams);
    OFFSET(CompositeBlendParams, composite_blend_flag);
    OFFSET(CompositeBlendParams, input_buf_count);
    OFFSET(CompositeBlendParams, composite_blend_filter);
    OFFSET(CompositeBlendParams, color_bg);
    OFFSET(CompositeBlendParams, perform_blending);

    SIZE(CompositeBlendParamsEx);
    OFFSET(CompositeBlendParamsEx, params);
    OFFSET(CompositeBlendParamsEx, src_comp_rect);
    OFFSET(CompositeBlendParamsEx, dst_comp_rect);
    OFFSET(CompositeBlendParamsEx, composite_blend_filter);
    OFFSET(CompositeBlendParamsEx, alpha);
    OFFSET(CompositeBlendParamsEx, reserved);

#if NEW
    OFFSET(MappedAddr, nvmmPtr);
    OFFSET(MappedAddr, cudaPtr);
    OFFSET(Params, mappedAddr.nvmmPtr);
    OFFSET(Params, mappedAddr.cudaPtr);
    OFFSET(Params, cudaBuffer);
    OFFSET(Surface, isImportedBuf);
    OFFSET(CreateParams, reserved);
    OFFSET(MapParams, extendedMapParams);
    OFFSET(Rect, reserved);
    OFFSET(ConfigParams, reserved);
    OFFSET(TransformParams, reserved);
    OFFSET(CompositeParams, reserved);
    OFFSET(ColorParams, reserved);
    OFFSET(CompositeBlendParams, reserved);

    SIZE(CudaBuffer);
    OFFSET(CudaBuffer, basePtr);
    OFFSET(CudaBuffer, dataPtr);
    OFFSET(CudaBuffer, extMem);
    OFFSET(CudaBuffer, mipmap);
    OFFSET(CudaBuffer, reserved);

    SIZE(NvmmBuffer);
    OFFSET(NvmmBuffer, dataPtr);
    OFFSET(NvmmBuffer, bufferDesc);
    OFFSET(NvmmBuffer, reserved);

    SIZE(ExtendedMapParams);
    OFFSET(ExtendedMapParams, ipcHandle);
    OFFSET(ExtendedMapParams, reserved);

    SIZE(DeviceInfo);
    OFFSET(DeviceInfo, driverType);
    OFFSET(DeviceInfo, isVicPresent);
    OFFSET(DeviceInfo, isIntegratedGpu);
    OFFSET(DeviceInfo, spare);
    OFFSET(DeviceInfo, platformType);
    OFFSET(DeviceInfo, reserved);

    SIZE(GpuL2SyncParams);
    OFFSET(GpuL2SyncParams, type);
    OFFSET(GpuL2SyncParams, reserved);
#endif
    return 0;
}
