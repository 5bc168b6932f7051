"""Two extensions for baro: `announcer` tells others how runs came out, `folder` asks for what files say."""
