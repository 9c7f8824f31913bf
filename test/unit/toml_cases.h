/* SPDX-License-Identifier: MIT */
/* Made by test/tools/toml_oracle.py: texts, and what Python's TOML reader makes of them. */
{
	"",
	UINT64_C(0x39fd3aea89815548),
},
{
	"\n",
	UINT64_C(0x39fd3aea89815548),
},
{
	"# only a remark",
	UINT64_C(0x39fd3aea89815548),
},
{
	"\015\n",
	UINT64_C(0x39fd3aea89815548),
},
{
	"a = 1\015\nb = 2\015\n",
	UINT64_C(0x39fd3aea89815548),
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
	UINT64_C(0x181800bd59cad90d),
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
	UINT64_C(0x181800bd59cad90d),
},
{
	"[\"virtio_block\"]\nqueue_count = 3",
	UINT64_C(0x181800bd59cad90d),
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
	UINT64_C(0x39fd3aea89815548),
},
{
	"[virtio_block]\nqueue_count = 3",
	UINT64_C(0x181800bd59cad90d),
},
{
	"[virtio_block]\015\nqueue_count = 3\015\n",
	UINT64_C(0x181800bd59cad90d),
},
{
	"[x]\ny = 1\n\n[virtio_block] # remark\nqueue_depth = 7\nio_scheduler = 'deadlin"
	"e'\n[z]\nq = 1\n",
	UINT64_C(0x97e96c4b1a100292),
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
	UINT64_C(0x39fd3aea89815548),
},
{
	"[virtio]",
	UINT64_C(0x39fd3aea89815548),
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
	UINT64_C(0x39fd3aea89815548),
},
{
	"[virtio_block]\nqueue_count = 3\n[virtio_blk]\n",
	UINT64_C(0x0),
},
{
	"a = [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
	UINT64_C(0x39fd3aea89815548),
},
{
	"a = '''\n[virtio_block]\n'''\n",
	UINT64_C(0x39fd3aea89815548),
},
{
	"a = \"\"\"\n\\\n  x\"\"\"\nb = 1",
	UINT64_C(0x39fd3aea89815548),
},
{
	"a = \"\"\"x\\\n\n\n  y\"\"\"",
	UINT64_C(0x39fd3aea89815548),
},
{
	"a = \"\"\"x\\ y\"\"\"",
	UINT64_C(0x0),
},
{
	"a = \"\"\"x\\  \n y\"\"\"",
	UINT64_C(0x39fd3aea89815548),
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
	UINT64_C(0x39fd3aea89815548),
},
{
	"# \303\251\342\202\254\360\237\230\200",
	UINT64_C(0x39fd3aea89815548),
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
	UINT64_C(0x39fd3aea89815548),
},
{
	"[virtio_block]\ndevice_max_count = 1\n",
	UINT64_C(0xb55d3235a379d953),
},
{
	"[virtio_block]\ndevice_max_count = 32\n",
	UINT64_C(0x39fd3aea89815548),
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
	UINT64_C(0xb55d3235a379d953),
},
{
	"[virtio_block]\ndevice_max_count = +32\n",
	UINT64_C(0x39fd3aea89815548),
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
	UINT64_C(0xa0d0afc469d8421),
},
{
	"[virtio_block]\ndevice_max_queues = 16\n",
	UINT64_C(0x39fd3aea89815548),
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
	UINT64_C(0xa0d0afc469d8421),
},
{
	"[virtio_block]\ndevice_max_queues = +16\n",
	UINT64_C(0x39fd3aea89815548),
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
	UINT64_C(0x184a6918dc086314),
},
{
	"[virtio_block]\ndevice_max_queue_depth = 1024\n",
	UINT64_C(0x39fd3aea89815548),
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
	UINT64_C(0x184a6918dc086314),
},
{
	"[virtio_block]\ndevice_max_queue_depth = +1024\n",
	UINT64_C(0x39fd3aea89815548),
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
	UINT64_C(0x9c25d61609e91750),
},
{
	"[virtio_block]\ndevice_max_sectors = 8388608\n",
	UINT64_C(0x83eb26191c05548),
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
	UINT64_C(0x9c25d61609e91750),
},
{
	"[virtio_block]\ndevice_max_sectors = +8388608\n",
	UINT64_C(0x83eb26191c05548),
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
	"[virtio_block]\nqueue_count = 1\n",
	UINT64_C(0xd44d8c62fa5de097),
},
{
	"[virtio_block]\nqueue_count = 16\n",
	UINT64_C(0xd0bbf508c60f280c),
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
	UINT64_C(0xd44d8c62fa5de097),
},
{
	"[virtio_block]\nqueue_count = +16\n",
	UINT64_C(0xd0bbf508c60f280c),
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
	UINT64_C(0xc9edebe1b42803a1),
},
{
	"[virtio_block]\nqueue_depth = 1024\n",
	UINT64_C(0x8e7faa7493976048),
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
	UINT64_C(0xc9edebe1b42803a1),
},
{
	"[virtio_block]\nqueue_depth = +1024\n",
	UINT64_C(0x8e7faa7493976048),
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
	UINT64_C(0x6b9dd04710f33024),
},
{
	"[virtio_block]\nqueue_interrupt_coalescing_time = 1000000\n",
	UINT64_C(0xdad361dc417dfe64),
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
	UINT64_C(0x6b9dd04710f33024),
},
{
	"[virtio_block]\nqueue_interrupt_coalescing_time = +1000000\n",
	UINT64_C(0xdad361dc417dfe64),
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
	UINT64_C(0xa7d1150226028f27),
},
{
	"[virtio_block]\nqueue_interrupt_coalescing_threshold = 1024\n",
	UINT64_C(0x5c9f938eade0791c),
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
	UINT64_C(0xa7d1150226028f27),
},
{
	"[virtio_block]\nqueue_interrupt_coalescing_threshold = +1024\n",
	UINT64_C(0x5c9f938eade0791c),
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
	UINT64_C(0x198cd0e640615548),
},
{
	"[virtio_block]\nread_ahead_size = 1073741824\n",
	UINT64_C(0xfa60d97880615548),
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
	UINT64_C(0x198cd0e640615548),
},
{
	"[virtio_block]\nread_ahead_size = +1073741824\n",
	UINT64_C(0xfa60d97880615548),
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
	UINT64_C(0xa94e464879815548),
},
{
	"[virtio_block]\nwrite_back_cache_size = 68719476736\n",
	UINT64_C(0x5842e85879815548),
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
	UINT64_C(0xa94e464879815548),
},
{
	"[virtio_block]\nwrite_back_cache_size = +68719476736\n",
	UINT64_C(0x5842e85879815548),
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
	UINT64_C(0x1cfb2294cfb15548),
},
{
	"[virtio_block]\nshared_memory_size = 68719476736\n",
	UINT64_C(0xbf49f3ce29815548),
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
	UINT64_C(0x1cfb2294cfb15548),
},
{
	"[virtio_block]\nshared_memory_size = +68719476736\n",
	UINT64_C(0xbf49f3ce29815548),
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
	UINT64_C(0x39fd3aea89815548),
},
{
	"[virtio_block]\nqueue_interrupt_coalescing = false\n",
	UINT64_C(0xaa0be0703d170085),
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
	UINT64_C(0x39fd3aea89815548),
},
{
	"[virtio_block]\nwrite_back_cache = false\n",
	UINT64_C(0xa692e58cf4e65f35),
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
	UINT64_C(0x39fd3aea89815548),
},
{
	"[virtio_block]\ndirect_io = false\n",
	UINT64_C(0x5d66d6b79b8f8f0f),
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
	UINT64_C(0x39fd3aea89815548),
},
{
	"[virtio_block]\ndma_enabled = false\n",
	UINT64_C(0x9a028ee2334b98b7),
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
	UINT64_C(0x39fd3aea89815548),
},
{
	"[virtio_block]\nzero_copy_enabled = false\n",
	UINT64_C(0x3153bfea8499569d),
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
	UINT64_C(0x39fd3aea89815548),
},
{
	"[virtio_block]\nbatch_processing = false\n",
	UINT64_C(0x39f9d4ea897e721f),
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
	UINT64_C(0x39fd3aea89815548),
},
{
	"[virtio_block]\nio_scheduler = 'deadline'\n",
	UINT64_C(0xff4fb674db552823),
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
	UINT64_C(0x39fd3aea89815548),
},
{
	"[virtio_block]\nio_scheduler = \"\"\"none\"\"\"\n",
	UINT64_C(0x39fd3aea89815548),
},
{
	"[virtio_block]\nio_scheduler = \"\"\"\nnone\"\"\"\n",
	UINT64_C(0x39fd3aea89815548),
},
{
	"[virtio_block]\nread_ahead_size = \"2MB\"\n",
	UINT64_C(0x6f8c85c13eae1dc8),
},
{
	"[virtio_block]\nread_ahead_size = \"2 MB\"\n",
	UINT64_C(0x6f8c85c13eae1dc8),
},
{
	"[virtio_block]\nread_ahead_size = \"2mb\"\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nread_ahead_size = \"2MiB\"\n",
	UINT64_C(0x39fd3aea89815548),
},
{
	"[virtio_block]\nread_ahead_size = \"1GiB\"\n",
	UINT64_C(0xfa60d97880615548),
},
{
	"[virtio_block]\nread_ahead_size = \"1025MB\"\n",
	UINT64_C(0xc3f661505918b988),
},
{
	"[virtio_block]\nread_ahead_size = \"0\"\n",
	UINT64_C(0x198cd0e640615548),
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
	UINT64_C(0x2db0a7ca047909e8),
},
{
	"[virtio_block]\nread_ahead_size = \"4KB\"\n",
	UINT64_C(0x2db0a7ca047909e8),
},
{
	"[virtio_block]\nread_ahead_size = \"4k\"\n",
	UINT64_C(0x6b9d091b4285e548),
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
	UINT64_C(0x5bca3f2281dc9f48),
},
{
	"[virtio_block]\nread_ahead_size = \"1 024\"\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nread_ahead_size = \"0x1000\"\n",
	UINT64_C(0x6b9d091b4285e548),
},
{
	"[virtio_block]\nread_ahead_size = \"0x4k\"\n",
	UINT64_C(0x6b9d091b4285e548),
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
	UINT64_C(0xc48cab53bf87b988),
},
{
	"[virtio_block]\nread_ahead_size = \"2 PiB\"\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nfeatures_off = [\"VIRTIO_BLK_F_MQ\"]\n",
	UINT64_C(0x3a0d3aea899c8548),
},
{
	"[virtio_block]\nfeatures_off = []\n",
	UINT64_C(0x39fd3aea89815548),
},
{
	"[virtio_block]\nfeatures_off = [\"mq\", \"ring-packed\", \"FLUSH\",]\n",
	UINT64_C(0x3a0f41b6899feb48),
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
	UINT64_C(0x3a0d3b20e99c8548),
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
	UINT64_C(0x3a0d3aea899c8548),
},
{
	"[virtio_block]\nfeatures_off = [{a = 'mq'}]\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nfeatures_off = [ # remark\n'ro', # another\n 'mq']\n",
	UINT64_C(0x3a0d5aea899cbba8),
},
{
	"[virtio_block]\nfeatures_required = [\"VIRTIO_BLK_F_MQ\"]\n",
	UINT64_C(0x39fd3aea89816548),
},
{
	"[virtio_block]\nfeatures_required = []\n",
	UINT64_C(0x39fd3aea89815548),
},
{
	"[virtio_block]\nfeatures_required = [\"mq\", \"ring-packed\", \"FLUSH\",]\n",
	UINT64_C(0x39fd3aee89816748),
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
	UINT64_C(0x39fd3aeaa9816548),
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
	UINT64_C(0x39fd3aea89816548),
},
{
	"[virtio_block]\nfeatures_required = [{a = 'mq'}]\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nfeatures_required = [ # remark\n'ro', # another\n 'mq']\n",
	UINT64_C(0x39fd3aea89816568),
},
{
	"[virtio_block]\nfeatures_off = ['mq']\nfeatures_required = ['ro', 'mq']\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nfeatures_off = ['mq']\nfeatures_required = ['ro']\n",
	UINT64_C(0x3a0d3aea899c8568),
},
{
	"[virtio_block]\nqueue_count = 4\ndevice_max_queues = 3\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nqueue_count = 3\ndevice_max_queues = 3\n",
	UINT64_C(0x8825b510fdb012b8),
},
{
	"[virtio_block]\ndevice_max_queues = 1\n",
	UINT64_C(0xa0d0afc469d8421),
},
{
	"[virtio_block]\nqueue_depth = 65\ndevice_max_queue_depth = 64\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nqueue_depth = 64\ndevice_max_queue_depth = 64\n",
	UINT64_C(0x7d9dbb6fdc2fa348),
},
{
	"[virtio_block]\ndevice_max_queue_depth = 64\n",
	UINT64_C(0x92be57525eb52608),
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
	UINT64_C(0x181800bd59cad90d),
},
{
	"[virtio_block]\n'queue_count' = 3\n",
	UINT64_C(0x181800bd59cad90d),
},
{
	"[virtio_block]\n\"queue\\u005fcount\" = 3\n",
	UINT64_C(0x181800bd59cad90d),
},
{
	"[virtio_block]\nqueue_count.x = 3\n",
	UINT64_C(0x0),
},
{
	"[virtio_block]\nqueue_count = 3 # remark\n",
	UINT64_C(0x181800bd59cad90d),
},
{
	"[virtio_block]\nqueue_count=3\n",
	UINT64_C(0x181800bd59cad90d),
},
{
	"[virtio_block]\n\011queue_count\011=\0113\011\n",
	UINT64_C(0x181800bd59cad90d),
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
	UINT64_C(0xd0bbf508c60f280c),
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
	UINT64_C(0x181800bd59cad90d),
},
{
	"a = 0\n",
	UINT64_C(0x39fd3aea89815548),
},
{
	"a = -0\n",
	UINT64_C(0x39fd3aea89815548),
},
{
	"a = +0\n",
	UINT64_C(0x39fd3aea89815548),
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
	UINT64_C(0x39fd3aea89815548),
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
	UINT64_C(0x39fd3aea89815548),
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
	UINT64_C(0x39fd3aea89815548),
},
{
	"a = 0o8\n",
	UINT64_C(0x0),
},
{
	"a = 0b101\n",
	UINT64_C(0x39fd3aea89815548),
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
	UINT64_C(0x39fd3aea89815548),
},
{
	"a = 1.0\n",
	UINT64_C(0x39fd3aea89815548),
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
	UINT64_C(0x39fd3aea89815548),
},
{
	"a = 1e+5\n",
	UINT64_C(0x39fd3aea89815548),
},
{
	"a = 1E-5\n",
	UINT64_C(0x39fd3aea89815548),
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
	UINT64_C(0x39fd3aea89815548),
},
{
	"a = 1_0.0_1\n",
	UINT64_C(0x39fd3aea89815548),
},
{
	"a = inf\n",
	UINT64_C(0x39fd3aea89815548),
},
{
	"a = -inf\n",
	UINT64_C(0x39fd3aea89815548),
},
{
	"a = nan\n",
	UINT64_C(0x39fd3aea89815548),
},
{
	"a = +nan\n",
	UINT64_C(0x39fd3aea89815548),
},
{
	"a = infinity\n",
	UINT64_C(0x0),
},
{
	"a = true\n",
	UINT64_C(0x39fd3aea89815548),
},
{
	"a = false\n",
	UINT64_C(0x39fd3aea89815548),
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
	UINT64_C(0x39fd3aea89815548),
},
{
	"a = -9223372036854775808\n",
	UINT64_C(0x39fd3aea89815548),
},
{
	"a = 1979-05-27\n",
	UINT64_C(0x39fd3aea89815548),
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
	UINT64_C(0x39fd3aea89815548),
},
{
	"a = 2023-02-29\n",
	UINT64_C(0x0),
},
{
	"a = 1979-05-27T07:32:00\n",
	UINT64_C(0x39fd3aea89815548),
},
{
	"a = 1979-05-27T07:32:00Z\n",
	UINT64_C(0x39fd3aea89815548),
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
	UINT64_C(0x39fd3aea89815548),
},
{
	"a = 1979-05-27T07:32:00.5+01:00\n",
	UINT64_C(0x39fd3aea89815548),
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
	UINT64_C(0x39fd3aea89815548),
},
{
	"a = 07:32:00.123\n",
	UINT64_C(0x39fd3aea89815548),
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
	UINT64_C(0x39fd3aea89815548),
},
{
	"a = \"\"\n",
	UINT64_C(0x39fd3aea89815548),
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
	UINT64_C(0x39fd3aea89815548),
},
{
	"a = \"a\\\\b\"\n",
	UINT64_C(0x39fd3aea89815548),
},
{
	"a = \"a\\qb\"\n",
	UINT64_C(0x0),
},
{
	"a = \"\\u00e9\"\n",
	UINT64_C(0x39fd3aea89815548),
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
	UINT64_C(0x39fd3aea89815548),
},
{
	"a = \"\\U00110000\"\n",
	UINT64_C(0x0),
},
{
	"a = \"\"\"a\"\"\"\n",
	UINT64_C(0x39fd3aea89815548),
},
{
	"a = \"\"\"a\"\"b\"\"\"\n",
	UINT64_C(0x39fd3aea89815548),
},
{
	"a = \"\"\"\"\"\"\"\n",
	UINT64_C(0x39fd3aea89815548),
},
{
	"a = \"\"\"\"\"\"\"\"\n",
	UINT64_C(0x39fd3aea89815548),
},
{
	"a = \"\"\"\"\"\"\"\"\"\n",
	UINT64_C(0x0),
},
{
	"a = '''a'''\n",
	UINT64_C(0x39fd3aea89815548),
},
{
	"a = '''a'''''\n",
	UINT64_C(0x39fd3aea89815548),
},
{
	"a = ''''''\n",
	UINT64_C(0x39fd3aea89815548),
},
{
	"a = []\n",
	UINT64_C(0x39fd3aea89815548),
},
{
	"a = [1]\n",
	UINT64_C(0x39fd3aea89815548),
},
{
	"a = [1,]\n",
	UINT64_C(0x39fd3aea89815548),
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
	UINT64_C(0x39fd3aea89815548),
},
{
	"a = [[],]\n",
	UINT64_C(0x39fd3aea89815548),
},
{
	"a = {}\n",
	UINT64_C(0x39fd3aea89815548),
},
{
	"a = {a=1}\n",
	UINT64_C(0x39fd3aea89815548),
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
	UINT64_C(0x39fd3aea89815548),
},
{
	"a = {a={}}\n",
	UINT64_C(0x39fd3aea89815548),
},
{
	"a = {a=[{b=1}]}\n",
	UINT64_C(0x39fd3aea89815548),
},
{
	"a = [{},{}]\n",
	UINT64_C(0x39fd3aea89815548),
},
{
	"a = {a.b=1}\n",
	UINT64_C(0x39fd3aea89815548),
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
