//! Processors: what an image or an instance type is made for.

use super::values::InstanceType;

/// The processor that an image or an instance type is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Architecture {
    /// Intel and AMD.
    X86,
    /// Graviton.
    Arm,
}

impl InstanceType {
    /// The processor, by AWS's naming: after the family's letters and the generation's digit, a `g` stands for Graviton.
    ///
    /// <https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-type-names.html>
    pub fn architecture(&self) -> Architecture {
        let family = self.0.split('.').next().unwrap_or_default();
        let options = family
            .trim_start_matches(|c: char| c.is_ascii_lowercase())
            .trim_start_matches(|c: char| c.is_ascii_digit());
        if family == "a1" || options.contains('g') { Architecture::Arm } else { Architecture::X86 }
    }
}

impl Architecture {
    /// The name that EC2 and image names use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::X86 => "x86_64",
            Self::Arm => "arm64",
        }
    }

    /// By the name that EC2 uses.
    pub fn named(name: &str) -> Option<Self> {
        [Self::X86, Self::Arm].into_iter().find(|architecture| architecture.as_str() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_processor_follows_from_the_instance_type() {
        let arm = [
            "t4g.small",
            "m7g.large",
            "c7gn.xlarge",
            "r8gd.2xlarge",
            "x2gd.medium",
            "im4gn.large",
            "is4gen.medium",
            "a1.medium",
            "g5g.xlarge",
        ];
        let x86 = [
            "t3.small",
            "t3a.small",
            "m7i.large",
            "c6in.xlarge",
            "g4dn.xlarge",
            "g5.xlarge",
            "x2iedn.large",
            "p4de.24xlarge",
        ];
        for (types, architecture) in [(&arm[..], Architecture::Arm), (&x86[..], Architecture::X86)] {
            for text in types {
                assert_eq!(InstanceType::read(text).unwrap().architecture(), architecture, "{text}");
            }
        }
    }
}
