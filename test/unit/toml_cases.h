/* SPDX-License-Identifier: MIT */
/* Made by test/tools/toml_oracle.py: texts, and what Python's TOML reader makes of them. */
{
	"",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"\n",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"# only a remark",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"\015\n",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"a = 1\015\nb = 2\015\n",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"a = 1\015b = 2",
	UINT64_C(0x0),
},
{
	"a = '\001'",
	UINT64_C(0x0),
},
{
	"a = 1 # \177",
	UINT64_C(0x0),
},
{
	"virtio_block.queue_count = 3",
	UINT64_C(0x603386e2efb7f73e),
},
{
	"virtio_block.queue_count = 33",
	UINT64_C(0x0),
},
{
	"virtio_block.nonsense = 3",
	UINT64_C(0x0),
},
{
	"virtio_block.queue_count.x = 3",
	UINT64_C(0x0),
},
{
	"virtio_block = 3",
	UINT64_C(0x0),
},
{
	"virtio_block = {}",
	UINT64_C(0x0),
},
{
	"virtio_block = { queue_count = 3 }",
	UINT64_C(0x0),
},
{
	"[[virtio_block]]",
	UINT64_C(0x0),
},
{
	"[virtio_block.x]",
	UINT64_C(0x0),
},
{
	"[[virtio_block.x]]",
	UINT64_C(0x0),
},
{
	"[ virtio_block ]\nqueue_count = 3",
	UINT64_C(0x603386e2efb7f73e),
},
{
	"[\"virtio_block\"]\nqueue_count = 3",
	UINT64_C(0x603386e2efb7f73e),
},
{
	"['virtio_block']\nqueue_count = 99",
	UINT64_C(0x0),
},
{
	"[virtio_block] queue_count = 3",
	UINT64_C(0x0),
},
{
	"[virtio_block]\n[virtio_block]",
	UINT64_C(0x0),
},
{
	"[x.virtio_block]\nqueue_count = 99",
	UINT64_C(0x0),
},
{
	"[virtio_blockx]\nqueue_count = 99",
	UINT64_C(0x0),
},
{
	"[virtio_block",
	UINT64_C(0x0),
},
{
	"virtio_block]",
	UINT64_C(0x0),
},
{
	"[[virtio_block]",
	UINT64_C(0x0),
},
{
	"[virtio_block]]",
	UINT64_C(0x0),
},
{
	"[]",
	UINT64_C(0x0),
},
{
	"[ ]",
	UINT64_C(0x0),
},
{
	"[a.]",
	UINT64_C(0x0),
},
{
	"[.a]",
	UINT64_C(0x0),
},
{
	"[a..b]",
	UINT64_C(0x0),
},
{
	"[a b]",
	UINT64_C(0x0),
},
{
	"[[a]]\n[[a]]\n[a.b]",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"[virtio_block]\nqueue_count = 3",
	UINT64_C(0x603386e2efb7f73e),
},
{
	"[virtio_block]\015\nqueue_count = 3\015\n",
	UINT64_C(0x603386e2efb7f73e),
},
{
	"[x]\ny = 1\n\n[virtio_block] # remark\nqueue_depth = 7\nio_scheduler = 'deadlin"
	"e'\n[z]\nq = 1\n",
	UINT64_C(0xe004f270affd20c3),
},
{
	"[virtio_blk]\nqueue_count = 3",
	UINT64_C(0x0),
},
{
	"[virtio-block]",
	UINT64_C(0x0),
},
{
	"[Virtio_Block]",
	UINT64_C(0x0),
},
{
	"[virtio_blocks]",
	UINT64_C(0x0),
},
{
	"[virtio_net]\nqueue_count = 3",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"[virtio]",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"queue_count = 3",
	UINT64_C(0x0),
},
{
	"queue_count = 3\n[a]",
	UINT64_C(0x0),
},
{
	"a = 1\nqueue_depth = 3\n[virtio_block]\n",
	UINT64_C(0x0),
},
{
	"virtio_blk.queue_count = 3",
	UINT64_C(0x0),
},
{
	"queue_counts = 3",
	UINT64_C(0x0),
},
{
	"queue = 3",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"[virtio_block]\nqueue_count = 3\n[virtio_blk]\n",
	UINT64_C(0x0),
},
{
	"a = [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"a = '''\n[virtio_block]\n'''\n",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"a = \"\"\"\n\\\n  x\"\"\"\nb = 1",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"a = \"\"\"x\\\n\n\n  y\"\"\"",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"a = \"\"\"x\\ y\"\"\"",
	UINT64_C(0x0),
},
{
	"a = \"\"\"x\\  \n y\"\"\"",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"a = \"x\ny\"",
	UINT64_C(0x0),
},
{
	"a = 'x\ny'",
	UINT64_C(0x0),
},
{
	"\303\251 = 1",
	UINT64_C(0x0),
},
{
	"a = '\303\251'",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"# \303\251\342\202\254\360\237\230\200",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"\357\273\277a = 1",
	UINT64_C(0x0),
},
{
	"a = 1\n\"b c\" = 'd'\ne.f.\"g\" = 1.5\nh = [1, 2, [3, 4,], # remark\n  \"x\", ]"
	"\ni = { j = 1, k = { l = [ {m = 1}, {n = 2} ] } }\no = 1979-05-27T07:32:00Z"
	"\np = 1979-05-27 07:32:00.999-07:00\nq = 07:32:00\nr = 2024-02-29\ns = -1_000"
	"\nt = +inf",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"[virtio_block]\ndevice_max_count = 1\n",
	UINT64_C(0x1eae00ad40b6d22a),
},
{
	"[virtio_block]\ndevice_max_count = 32\n",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"[virtio_block]\ndevice_max_count = 33\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\ndevice_max_count = 0\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\ndevice_max_count = 0x1\n",
	UINT64_C(0x1eae00ad40b6d22a),
},
{
	"[virtio_block]\ndevice_max_count = +32\n",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"[virtio_block]\ndevice_max_count = \"x\"\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\ndevice_max_count = true\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\ndevice_max_count = 1.0\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\ndevice_max_queues = 1\n",
	UINT64_C(0x2926283476520e34),
},
{
	"[virtio_block]\ndevice_max_queues = 16\n",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"[virtio_block]\ndevice_max_queues = 17\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\ndevice_max_queues = 0\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\ndevice_max_queues = 0x1\n",
	UINT64_C(0x2926283476520e34),
},
{
	"[virtio_block]\ndevice_max_queues = +16\n",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"[virtio_block]\ndevice_max_queues = \"x\"\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\ndevice_max_queues = true\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\ndevice_max_queues = 1.0\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\ndevice_max_queue_depth = 4\n",
	UINT64_C(0xc64c05c65aeae51d),
},
{
	"[virtio_block]\ndevice_max_queue_depth = 1024\n",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"[virtio_block]\ndevice_max_queue_depth = 1025\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\ndevice_max_queue_depth = 3\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\ndevice_max_queue_depth = 0x4\n",
	UINT64_C(0xc64c05c65aeae51d),
},
{
	"[virtio_block]\ndevice_max_queue_depth = +1024\n",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"[virtio_block]\ndevice_max_queue_depth = \"x\"\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\ndevice_max_queue_depth = true\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\ndevice_max_queue_depth = 1.0\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\ndevice_max_sectors = 8\n",
	UINT64_C(0xb4da73fb4fbd2711),
},
{
	"[virtio_block]\ndevice_max_sectors = 8388608\n",
	UINT64_C(0x3a56c053227b7379),
},
{
	"[virtio_block]\ndevice_max_sectors = 8388609\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\ndevice_max_sectors = 7\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\ndevice_max_sectors = 0x8\n",
	UINT64_C(0xb4da73fb4fbd2711),
},
{
	"[virtio_block]\ndevice_max_sectors = +8388608\n",
	UINT64_C(0x3a56c053227b7379),
},
{
	"[virtio_block]\ndevice_max_sectors = \"x\"\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\ndevice_max_sectors = true\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\ndevice_max_sectors = 1.0\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\ndevice_max_segments = 1\n",
	UINT64_C(0x520bf2cea7f76b3a),
},
{
	"[virtio_block]\ndevice_max_segments = 128\n",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"[virtio_block]\ndevice_max_segments = 129\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\ndevice_max_segments = 0\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\ndevice_max_segments = 0x1\n",
	UINT64_C(0x520bf2cea7f76b3a),
},
{
	"[virtio_block]\ndevice_max_segments = +128\n",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"[virtio_block]\ndevice_max_segments = \"x\"\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\ndevice_max_segments = true\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\ndevice_max_segments = 1.0\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nqueue_count = 1\n",
	UINT64_C(0x1c691288904afec8),
},
{
	"[virtio_block]\nqueue_count = 16\n",
	UINT64_C(0x18d77b2e5bfc463d),
},
{
	"[virtio_block]\nqueue_count = 17\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nqueue_count = 0\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nqueue_count = 0x1\n",
	UINT64_C(0x1c691288904afec8),
},
{
	"[virtio_block]\nqueue_count = +16\n",
	UINT64_C(0x18d77b2e5bfc463d),
},
{
	"[virtio_block]\nqueue_count = \"x\"\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nqueue_count = true\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nqueue_count = 1.0\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nqueue_depth = 1\n",
	UINT64_C(0x120972074a1521d2),
},
{
	"[virtio_block]\nqueue_depth = 1024\n",
	UINT64_C(0xd69b309a29847e79),
},
{
	"[virtio_block]\nqueue_depth = 1025\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nqueue_depth = 0\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nqueue_depth = 0x1\n",
	UINT64_C(0x120972074a1521d2),
},
{
	"[virtio_block]\nqueue_depth = +1024\n",
	UINT64_C(0xd69b309a29847e79),
},
{
	"[virtio_block]\nqueue_depth = \"x\"\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nqueue_depth = true\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nqueue_depth = 1.0\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nqueue_interrupt_coalescing_time = 0\n",
	UINT64_C(0xb3b9566ca6e04e55),
},
{
	"[virtio_block]\nqueue_interrupt_coalescing_time = 1000000\n",
	UINT64_C(0x22eee801d76b1c95),
},
{
	"[virtio_block]\nqueue_interrupt_coalescing_time = 1000001\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nqueue_interrupt_coalescing_time = -1\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nqueue_interrupt_coalescing_time = 0x0\n",
	UINT64_C(0xb3b9566ca6e04e55),
},
{
	"[virtio_block]\nqueue_interrupt_coalescing_time = +1000000\n",
	UINT64_C(0x22eee801d76b1c95),
},
{
	"[virtio_block]\nqueue_interrupt_coalescing_time = \"x\"\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nqueue_interrupt_coalescing_time = true\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nqueue_interrupt_coalescing_time = 1.0\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nqueue_interrupt_coalescing_threshold = 1\n",
	UINT64_C(0xefec9b27bbefad58),
},
{
	"[virtio_block]\nqueue_interrupt_coalescing_threshold = 1024\n",
	UINT64_C(0xa4bb19b443cd974d),
},
{
	"[virtio_block]\nqueue_interrupt_coalescing_threshold = 1025\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nqueue_interrupt_coalescing_threshold = 0\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nqueue_interrupt_coalescing_threshold = 0x1\n",
	UINT64_C(0xefec9b27bbefad58),
},
{
	"[virtio_block]\nqueue_interrupt_coalescing_threshold = +1024\n",
	UINT64_C(0xa4bb19b443cd974d),
},
{
	"[virtio_block]\nqueue_interrupt_coalescing_threshold = \"x\"\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nqueue_interrupt_coalescing_threshold = true\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nqueue_interrupt_coalescing_threshold = 1.0\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nread_ahead_size = 0\n",
	UINT64_C(0x61a8570bd64e7379),
},
{
	"[virtio_block]\nread_ahead_size = 1073741824\n",
	UINT64_C(0x427c5f9e164e7379),
},
{
	"[virtio_block]\nread_ahead_size = 1073741825\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nread_ahead_size = -1\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nread_ahead_size = 0x0\n",
	UINT64_C(0x61a8570bd64e7379),
},
{
	"[virtio_block]\nread_ahead_size = +1073741824\n",
	UINT64_C(0x427c5f9e164e7379),
},
{
	"[virtio_block]\nread_ahead_size = \"x\"\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nread_ahead_size = true\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nread_ahead_size = 1.0\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nwrite_back_cache_size = 0\n",
	UINT64_C(0xf169cc6e0f6e7379),
},
{
	"[virtio_block]\nwrite_back_cache_size = 68719476736\n",
	UINT64_C(0xa05e6e7e0f6e7379),
},
{
	"[virtio_block]\nwrite_back_cache_size = 68719476737\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nwrite_back_cache_size = -1\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nwrite_back_cache_size = 0x0\n",
	UINT64_C(0xf169cc6e0f6e7379),
},
{
	"[virtio_block]\nwrite_back_cache_size = +68719476736\n",
	UINT64_C(0xa05e6e7e0f6e7379),
},
{
	"[virtio_block]\nwrite_back_cache_size = \"x\"\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nwrite_back_cache_size = true\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nwrite_back_cache_size = 1.0\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nshared_memory_size = 1048576\n",
	UINT64_C(0x6516a8ba659e7379),
},
{
	"[virtio_block]\nshared_memory_size = 68719476736\n",
	UINT64_C(0x76579f3bf6e7379),
},
{
	"[virtio_block]\nshared_memory_size = 68719476737\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nshared_memory_size = 1048575\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nshared_memory_size = 0x100000\n",
	UINT64_C(0x6516a8ba659e7379),
},
{
	"[virtio_block]\nshared_memory_size = +68719476736\n",
	UINT64_C(0x76579f3bf6e7379),
},
{
	"[virtio_block]\nshared_memory_size = \"x\"\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nshared_memory_size = true\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nshared_memory_size = 1.0\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nqueue_interrupt_coalescing = true\n",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"[virtio_block]\nqueue_interrupt_coalescing = false\n",
	UINT64_C(0xf2276695d3041eb6),
},
{
	"[virtio_block]\nqueue_interrupt_coalescing = 1\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nqueue_interrupt_coalescing = \"true\"\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nqueue_interrupt_coalescing = []\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nwrite_back_cache = true\n",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"[virtio_block]\nwrite_back_cache = false\n",
	UINT64_C(0xeeae6bb28ad37d66),
},
{
	"[virtio_block]\nwrite_back_cache = 1\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nwrite_back_cache = \"true\"\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nwrite_back_cache = []\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\ndirect_io = true\n",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"[virtio_block]\ndirect_io = false\n",
	UINT64_C(0xa5825cdd317cad40),
},
{
	"[virtio_block]\ndirect_io = 1\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\ndirect_io = \"true\"\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\ndirect_io = []\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\ndma_enabled = true\n",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"[virtio_block]\ndma_enabled = false\n",
	UINT64_C(0xe21e1507c938b6e8),
},
{
	"[virtio_block]\ndma_enabled = 1\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\ndma_enabled = \"true\"\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\ndma_enabled = []\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nzero_copy_enabled = true\n",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"[virtio_block]\nzero_copy_enabled = false\n",
	UINT64_C(0x796f46101a8674ce),
},
{
	"[virtio_block]\nzero_copy_enabled = 1\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nzero_copy_enabled = \"true\"\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nzero_copy_enabled = []\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nbatch_processing = true\n",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"[virtio_block]\nbatch_processing = false\n",
	UINT64_C(0x82155b101f6b9050),
},
{
	"[virtio_block]\nbatch_processing = 1\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nbatch_processing = \"true\"\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nbatch_processing = []\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nio_scheduler = \"none\"\n",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"[virtio_block]\nio_scheduler = 'deadline'\n",
	UINT64_C(0x476b3c9a71424654),
},
{
	"[virtio_block]\nio_scheduler = \"Deadline\"\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nio_scheduler = 1\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nio_scheduler = \"none\\u0000\"\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nio_scheduler = \"n\\u006fne\"\n",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"[virtio_block]\nio_scheduler = \"\"\"none\"\"\"\n",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"[virtio_block]\nio_scheduler = \"\"\"\nnone\"\"\"\n",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"[virtio_block]\nread_ahead_size = \"2MB\"\n",
	UINT64_C(0xb7a80be6d49b3bf9),
},
{
	"[virtio_block]\nread_ahead_size = \"2 MB\"\n",
	UINT64_C(0xb7a80be6d49b3bf9),
},
{
	"[virtio_block]\nread_ahead_size = \"2mb\"\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nread_ahead_size = \"2MiB\"\n",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"[virtio_block]\nread_ahead_size = \"1GiB\"\n",
	UINT64_C(0x427c5f9e164e7379),
},
{
	"[virtio_block]\nread_ahead_size = \"1025MB\"\n",
	UINT64_C(0xc11e775ef05d7b9),
},
{
	"[virtio_block]\nread_ahead_size = \"0\"\n",
	UINT64_C(0x61a8570bd64e7379),
},
{
	"[virtio_block]\nread_ahead_size = \"kB\"\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nread_ahead_size = \"1kb\"\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nread_ahead_size = \"4kB\"\n",
	UINT64_C(0x75cc2def9a662819),
},
{
	"[virtio_block]\nread_ahead_size = \"4KB\"\n",
	UINT64_C(0x75cc2def9a662819),
},
{
	"[virtio_block]\nread_ahead_size = \"4k\"\n",
	UINT64_C(0xb3b88f40d8730379),
},
{
	"[virtio_block]\nread_ahead_size = \"4 \"\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nread_ahead_size = \"1.5MB\"\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nread_ahead_size = \"-1\"\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nread_ahead_size = \"\"\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nread_ahead_size = \"9999999999999999999999MB\"\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nread_ahead_size = \"18014398509481984kB\"\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nread_ahead_size = \"1TB\"\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nread_ahead_size = '64kB'\n",
	UINT64_C(0xa3e5c54817c9bd79),
},
{
	"[virtio_block]\nread_ahead_size = \"1 024\"\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nread_ahead_size = \"0x1000\"\n",
	UINT64_C(0xb3b88f40d8730379),
},
{
	"[virtio_block]\nread_ahead_size = \"0x4k\"\n",
	UINT64_C(0xb3b88f40d8730379),
},
{
	"[virtio_block]\nread_ahead_size = \"2e\"\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nread_ahead_size = \"1 MiB \"\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nread_ahead_size = \"1000kB\"\n",
	UINT64_C(0xca831795574d7b9),
},
{
	"[virtio_block]\nread_ahead_size = \"2 PiB\"\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nfeatures_off = [\"VIRTIO_BLK_F_MQ\"]\n",
	UINT64_C(0x8228c1101f89a379),
},
{
	"[virtio_block]\nfeatures_off = []\n",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"[virtio_block]\nfeatures_off = [\"mq\", \"ring-packed\", \"FLUSH\",]\n",
	UINT64_C(0x822ac7dc1f8d0979),
},
{
	"[virtio_block]\nfeatures_off = \"mq\"\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nfeatures_off = [1]\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nfeatures_off = [\"mq\", \"nonsense\"]\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nfeatures_off = [[\"mq\"]]\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nfeatures_off = [\"Virtio-Blk-F-Mq\", \"event_idx\"]\n",
	UINT64_C(0x8228c1467f89a379),
},
{
	"[virtio_block]\nfeatures_off = 12\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nfeatures_off = [\"\"]\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nfeatures_off = [\"mq\", \"mq\"]\n",
	UINT64_C(0x8228c1101f89a379),
},
{
	"[virtio_block]\nfeatures_off = [{a = 'mq'}]\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nfeatures_off = [ # remark\n'ro', # another\n 'mq']\n",
	UINT64_C(0x8228e1101f89d9d9),
},
{
	"[virtio_block]\nfeatures_required = [\"VIRTIO_BLK_F_MQ\"]\n",
	UINT64_C(0x8218c1101f6e8379),
},
{
	"[virtio_block]\nfeatures_required = []\n",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"[virtio_block]\nfeatures_required = [\"mq\", \"ring-packed\", \"FLUSH\",]\n",
	UINT64_C(0x8218c1141f6e8579),
},
{
	"[virtio_block]\nfeatures_required = \"mq\"\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nfeatures_required = [1]\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nfeatures_required = [\"mq\", \"nonsense\"]\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nfeatures_required = [[\"mq\"]]\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nfeatures_required = [\"Virtio-Blk-F-Mq\", \"event_idx\"]\n",
	UINT64_C(0x8218c1103f6e8379),
},
{
	"[virtio_block]\nfeatures_required = 12\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nfeatures_required = [\"\"]\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nfeatures_required = [\"mq\", \"mq\"]\n",
	UINT64_C(0x8218c1101f6e8379),
},
{
	"[virtio_block]\nfeatures_required = [{a = 'mq'}]\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nfeatures_required = [ # remark\n'ro', # another\n 'mq']\n",
	UINT64_C(0x8218c1101f6e8399),
},
{
	"[virtio_block]\nfeatures_off = ['mq']\nfeatures_required = ['ro', 'mq']\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nfeatures_off = ['mq']\nfeatures_required = ['ro']\n",
	UINT64_C(0x8228c1101f89a399),
},
{
	"[virtio_block]\nqueue_count = 4\ndevice_max_queues = 3\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nqueue_count = 3\ndevice_max_queues = 3\n",
	UINT64_C(0xacb69c026e38f4cf),
},
{
	"[virtio_block]\ndevice_max_queues = 1\n",
	UINT64_C(0x2926283476520e34),
},
{
	"[virtio_block]\nqueue_depth = 65\ndevice_max_queue_depth = 64\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nqueue_depth = 64\ndevice_max_queue_depth = 64\n",
	UINT64_C(0x70ec299ce3f4a6f9),
},
{
	"[virtio_block]\ndevice_max_queue_depth = 64\n",
	UINT64_C(0x860cc57f667a29b9),
},
{
	"[virtio_block]\nqueue_cuont = 3\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nQueue_count = 3\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\n\"queue_count\" = 3\n",
	UINT64_C(0x603386e2efb7f73e),
},
{
	"[virtio_block]\n'queue_count' = 3\n",
	UINT64_C(0x603386e2efb7f73e),
},
{
	"[virtio_block]\n\"queue\\u005fcount\" = 3\n",
	UINT64_C(0x603386e2efb7f73e),
},
{
	"[virtio_block]\nqueue_count.x = 3\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nqueue_count = 3 # remark\n",
	UINT64_C(0x603386e2efb7f73e),
},
{
	"[virtio_block]\nqueue_count=3\n",
	UINT64_C(0x603386e2efb7f73e),
},
{
	"[virtio_block]\n\011queue_count\011=\0113\011\n",
	UINT64_C(0x603386e2efb7f73e),
},
{
	"[virtio_block]\nqueue_count = 3 4\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nqueue_count 3\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nqueue_count =\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\n= 3\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nqueue_count\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nqueue_count = 1_6\n",
	UINT64_C(0x18d77b2e5bfc463d),
},
{
	"[virtio_block]\nqueue_count = 1_7\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nqueue_count = -3\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nqueue_depth = 99999999999999999999\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx = 1\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\n\"\" = 1\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nqueue_count = [3]\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nqueue_count = {a = 3}\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\n\"queue_count\\u0000\" = 3\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nqueue_count = 3\n[virtio_block]\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nqueue_count = 3\n[other]\nqueue_count = 99\n",
	UINT64_C(0x603386e2efb7f73e),
},
{
	"a = 0\n",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"a = -0\n",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"a = +0\n",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"a = 00\n",
	UINT64_C(0x0),
},
{
	"a = 01\n",
	UINT64_C(0x0),
},
{
	"a = 1_000\n",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"a = 1__0\n",
	UINT64_C(0x0),
},
{
	"a = _1\n",
	UINT64_C(0x0),
},
{
	"a = 1_\n",
	UINT64_C(0x0),
},
{
	"a = 0x\n",
	UINT64_C(0x0),
},
{
	"a = 0x1F\n",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"a = 0xg\n",
	UINT64_C(0x0),
},
{
	"a = 0X1f\n",
	UINT64_C(0x0),
},
{
	"a = 0o17\n",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"a = 0o8\n",
	UINT64_C(0x0),
},
{
	"a = 0b101\n",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"a = 0b2\n",
	UINT64_C(0x0),
},
{
	"a = -0x1\n",
	UINT64_C(0x0),
},
{
	"a = +0x1\n",
	UINT64_C(0x0),
},
{
	"a = 0x_1\n",
	UINT64_C(0x0),
},
{
	"a = 0x1_f\n",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"a = 1.0\n",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"a = 1.\n",
	UINT64_C(0x0),
},
{
	"a = .5\n",
	UINT64_C(0x0),
},
{
	"a = 1e5\n",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"a = 1e+5\n",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"a = 1E-5\n",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"a = 1e\n",
	UINT64_C(0x0),
},
{
	"a = 1.e5\n",
	UINT64_C(0x0),
},
{
	"a = 1.5e1_0\n",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"a = 1_0.0_1\n",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"a = inf\n",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"a = -inf\n",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"a = nan\n",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"a = +nan\n",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"a = infinity\n",
	UINT64_C(0x0),
},
{
	"a = true\n",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"a = false\n",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"a = True\n",
	UINT64_C(0x0),
},
{
	"a = TRUE\n",
	UINT64_C(0x0),
},
{
	"a = tru\n",
	UINT64_C(0x0),
},
{
	"a = truefalse\n",
	UINT64_C(0x0),
},
{
	"a = 9223372036854775807\n",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"a = -9223372036854775808\n",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"a = 1979-05-27\n",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"a = 1979-13-01\n",
	UINT64_C(0x0),
},
{
	"a = 1979-02-30\n",
	UINT64_C(0x0),
},
{
	"a = 2024-02-29\n",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"a = 2023-02-29\n",
	UINT64_C(0x0),
},
{
	"a = 1979-05-27T07:32:00\n",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"a = 1979-05-27T07:32:00Z\n",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"a = 1979-05-27T24:00:00\n",
	UINT64_C(0x0),
},
{
	"a = 1979-05-27T07:32:60Z\n",
	UINT64_C(0x0),
},
{
	"a = 1979-05-27t07:32:00z\n",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"a = 1979-05-27T07:32:00.5+01:00\n",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"a = 1979-05-27T07:32:00+24:00\n",
	UINT64_C(0x0),
},
{
	"a = 1979-05-27T07:32\n",
	UINT64_C(0x0),
},
{
	"a = 07:32:00\n",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"a = 07:32:00.123\n",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"a = 7:32:00\n",
	UINT64_C(0x0),
},
{
	"a = 07:32\n",
	UINT64_C(0x0),
},
{
	"a = 1979-5-27\n",
	UINT64_C(0x0),
},
{
	"a = ''\n",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"a = \"\"\n",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"a = \"a\n",
	UINT64_C(0x0),
},
{
	"a = 'a\n",
	UINT64_C(0x0),
},
{
	"a = 'a'\n",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"a = \"a\\\\b\"\n",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"a = \"a\\qb\"\n",
	UINT64_C(0x0),
},
{
	"a = \"\\u00e9\"\n",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"a = \"\\u00e\"\n",
	UINT64_C(0x0),
},
{
	"a = \"\\ud800\"\n",
	UINT64_C(0x0),
},
{
	"a = \"\\U0010ffff\"\n",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"a = \"\\U00110000\"\n",
	UINT64_C(0x0),
},
{
	"a = \"\"\"a\"\"\"\n",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"a = \"\"\"a\"\"b\"\"\"\n",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"a = \"\"\"\"\"\"\"\n",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"a = \"\"\"\"\"\"\"\"\n",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"a = \"\"\"\"\"\"\"\"\"\n",
	UINT64_C(0x0),
},
{
	"a = '''a'''\n",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"a = '''a'''''\n",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"a = ''''''\n",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"a = []\n",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"a = [1]\n",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"a = [1,]\n",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"a = [,]\n",
	UINT64_C(0x0),
},
{
	"a = [1,,2]\n",
	UINT64_C(0x0),
},
{
	"a = [1\n",
	UINT64_C(0x0),
},
{
	"a = [1,2]]\n",
	UINT64_C(0x0),
},
{
	"a = [[]]\n",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"a = [[],]\n",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"a = {}\n",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"a = {a=1}\n",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"a = {a=1,}\n",
	UINT64_C(0x0),
},
{
	"a = {,}\n",
	UINT64_C(0x0),
},
{
	"a = {a}\n",
	UINT64_C(0x0),
},
{
	"a = {a=}\n",
	UINT64_C(0x0),
},
{
	"a = {a=1,b=2}\n",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"a = {a={}}\n",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"a = {a=[{b=1}]}\n",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"a = [{},{}]\n",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"a = {a.b=1}\n",
	UINT64_C(0x8218c1101f6e7379),
},
{
	"a = {\"x\n",
	UINT64_C(0x0),
},
{
	"a = y\"=1}\n",
	UINT64_C(0x0),
},
{
	"a = 1=2\n",
	UINT64_C(0x0),
},
{
	"a = =\n",
	UINT64_C(0x0),
},
{
	"a = #\n",
	UINT64_C(0x0),
},
{
	"a = ]\n",
	UINT64_C(0x0),
},
{
	"a = }\n",
	UINT64_C(0x0),
},
{
	"a = a\n",
	UINT64_C(0x0),
},
{
	"a = ~\n",
	UINT64_C(0x0),
},
{
	"a = %s\n",
	UINT64_C(0x0),
},
{
	"a = \\\n",
	UINT64_C(0x0),
},
